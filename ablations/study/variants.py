"""Variants: a network and its differing training settings, as data. No torch."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ablations.networks.families import family_of
from ablations.networks.network import Network, image_shape
from ablations.settings.setting import Level, settings_of
from involution_core.networks.architectures import ARCHITECTURES, Architecture, counterpart

NETWORK_SETTINGS = settings_of(Network)

_LONGEST_SLUG = 80
_SLUGS = {"depth": "d", "width": "w", "image_size": "p"}


@dataclass(frozen=True)
class Variant(Network):
    """A network and its training settings, as far as they differ from the run's.

    Attributes:
        training: Training settings that differ from the run's, by name.
    """

    training: tuple[tuple[str, Level], ...] = ()

    @property
    def network(self) -> Network:
        """The variant without its training settings."""
        return Network(**{name: getattr(self, name) for name in NETWORK_SETTINGS})

    def trained_with(self, levels: Iterable[tuple[str, Level]]) -> "Variant":
        """Return the same network with other training settings."""
        return replace(
            self, training=tuple(sorted({**dict(self.training), **dict(levels)}.items()))
        )

    @property
    def slug(self) -> str:
        """Short file name of the network; not unique, and without training settings."""
        parts = [] if self.family == "rednet" else [self.family]
        if self.kind.has_involutions:
            parts += [f"k{self.kernel_size}", f"g{self.group_channels}", self.generator]
        for name, letter in _SLUGS.items():
            if getattr(self, name) is not None:
                parts.append(f"{letter}{getattr(self, name)}")
        return re.sub(r"[^\w.-]", "", "-".join(parts), flags=re.ASCII)[:_LONGEST_SLUG]


def make_variant(levels: Mapping[str, Level]) -> Variant:
    """Return the variant with these levels of network and training settings.

    A family that is an alias is replaced by what it stands for; settings that a family ignores are
    left out.
    """
    network: dict[str, Any] = {k: v for k, v in levels.items() if k in NETWORK_SETTINGS}
    training = sorted((name, level) for name, level in levels.items() if name not in network)
    named = family_of(network.get("family", Network.family))
    network |= named.stands_for
    idle = family_of(network.get("family", Network.family)).idle
    network = {name: level for name, level in network.items() if name not in idle}
    return Variant(**network, training=tuple(training))


def architecture_of(model: str, network: Network) -> Architecture:
    """Return the architecture of `network` in a run of `model`, a name in ARCHITECTURES.

    With a depth, it is the architecture of that depth with the same stem.
    """
    found = counterpart(ARCHITECTURES[model], network.kind.architectures, network.depth)
    if network.width is not None and network.width != found.width:
        found = replace(found, name=f"{found.name}-w{network.width}", width=network.width)
    if network.image_size is not None:
        height, width = image_shape(network.image_size)
        found = replace(found, image_size=height, image_width=width if width != height else None)
    return found
