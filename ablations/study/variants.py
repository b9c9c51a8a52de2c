"""What a study compares: variants of a network and of its training, as data. No torch."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from involution_core.architectures import ARCHITECTURES, FAMILIES, Architecture
from involution_core.forms import ATTENTION

Level = int | float | str
"""A value on an axis of a study."""

_LONGEST_KEY = 80


@dataclass(frozen=True)
class Variant:
    """One network and what its training has of its own.

    kernel_size, group_channels ("C": all), generator: of the involutions; a form in the notation
              of `involution_core.forms`, or a user's factory as module:object.
    family:   "rednet", "resnet" (which has no involutions), or a user's network as module:object.
    depth:    layers; None: as many as the network of the run.
    width:    channels in the middle of the first stage's bottlenecks; None: likewise.
    training: fields of TrainSettings that differ from the run's.
    """

    kernel_size: int = 7
    group_channels: int | Literal["C"] = 16
    generator: str = "r=4"
    family: str = "rednet"
    depth: int | None = None
    width: int | None = None
    training: tuple[tuple[str, Level], ...] = ()

    @property
    def network(self) -> "Variant":
        """The same network, trained as the run says."""
        return replace(self, training=())

    @property
    def key(self) -> str:
        """A short name of the network, fit for a file; two variants may share one. How it is
        trained is not in it: one study may say so of a variant what another says of all."""
        parts = [] if self.family == "rednet" else [self.family]
        if self.has_involutions:
            parts += [f"k{self.kernel_size}", f"g{self.group_channels}", self.generator]
        parts += [f"d{self.depth}"] * (self.depth is not None)
        parts += [f"w{self.width}"] * (self.width is not None)
        return re.sub(r"[^\w.-]", "", "-".join(parts), flags=re.ASCII)[:_LONGEST_KEY]

    @property
    def has_involutions(self) -> bool:
        """Whether the involution's settings say anything of this network."""
        return self.family == "rednet"

    @property
    def own_code(self) -> list[str]:
        """What of it is a user's code, as module:object."""
        return [name for name in (self.family, self.generator) if ":" in name]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Variant":
        """Raises TypeError or ValueError for anything that is no variant's fields."""
        training = tuple((str(name), level) for name, level in values.get("training", ()))
        return cls(**{**values, "training": training})


def make_variant(levels: Mapping[str, Level]) -> Variant:
    """The variant with these settings, by the names of its fields; others are its training.

    The family "attention" is RedNet with attention for a generator. Other families have no
    involutions, and what is said of those is left out.
    """
    names = {field.name for field in fields(Variant)} - {"training"}
    network: dict[str, Any] = {name: level for name, level in levels.items() if name in names}
    if network.get("family") == ATTENTION:
        network |= {"family": "rednet", "generator": ATTENTION}
    if network.get("family", "rednet") != "rednet":
        network = {name: network[name] for name in ("family", "depth", "width") if name in network}
    training = sorted((name, level) for name, level in levels.items() if name not in names)
    return Variant(**network, training=tuple(training))


def architecture_of(model: str, variant: Variant) -> Architecture:
    """The network of a variant in a run whose network is `model`, a name in ARCHITECTURES.

    With a depth of its own it is the network of that depth for the same kind of images.
    """
    base = ARCHITECTURES[model]
    family = variant.family if variant.family in FAMILIES else "rednet"
    name = model.replace(base.family, family)
    if variant.depth is not None:
        name = f"{family}{variant.depth}{'-small' if base.stem == 'small' else ''}"
    architecture = ARCHITECTURES[name]
    if variant.width is not None and variant.width != architecture.width:
        architecture = replace(architecture, name=f"{name}-w{variant.width}", width=variant.width)
    return architecture
