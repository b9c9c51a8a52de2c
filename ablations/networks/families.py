"""The families of networks: how each is built, and what is known of its layers. No torch.

A family is one entry of FAMILIES; whatever asks for a network by its family's name finds here what
it needs to know.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ablations.networks.layers import (
    InvolutionShape,
    SpatialLayer,
    convolution_layers,
    involution_layers,
)
from ablations.own_code import is_own_code, load_object
from ablations.settings.setting import Level
from involution_core.generators.forms import ATTENTION
from involution_core.networks.architectures import STEM_KERNEL_SIZE, Architecture

if TYPE_CHECKING:
    from torch import nn

INVOLUTION_SETTINGS = ("kernel_size", "group_channels", "generator")
"""What says something only of a network that has involutions."""

Build = Callable[[Architecture, InvolutionShape, int, int], "nn.Module"]
"""(architecture, involutions, classes, K of the stem's involution) -> the network,
(N, 3, H, W) -> (N, classes)."""

Layers = Callable[[Architecture, InvolutionShape, int], Iterator[SpatialLayer]]
"""(architecture, involutions, K of the stem's involution) -> its spatial layers, as integers."""


@dataclass(frozen=True)
class Family:
    """A family of networks.

    Attributes:
        name: In a study's file.
        title: As people read it.
        architectures: Whose stems and bottlenecks it has.
        build: See `Build`.
        layers: See `Layers`; of the layers whose closed forms are proven.
        closed_form: Whether there are such layers; a user's family has none known.
        idle: Settings of involutions that say nothing of it.
        idle_because: What it has in their place, for an error.
        stands_for: The settings that it is another name for.
    """

    name: str
    title: str
    architectures: Literal["rednet", "resnet"]
    build: Build
    layers: Layers
    closed_form: bool = True
    idle: tuple[str, ...] = ()
    idle_because: str = "no involutions"
    stands_for: Mapping[str, Level] = field(default_factory=dict)

    @property
    def has_involutions(self) -> bool:
        """Whether an involution's settings say anything of it."""
        return self.idle != INVOLUTION_SETTINGS


def family_of(name: str) -> Family:
    """The family called `name`; for module:object a user's, which is loaded when it is built."""
    return FAMILIES[name] if name in FAMILIES else _own_family(name)


def _build_rednet(
    architecture: Architecture,
    shape: InvolutionShape,
    classes: int,
    stem_kernel_size: int = STEM_KERNEL_SIZE,
) -> "nn.Module":
    from involution_core.networks.rednet import RedNet

    form = shape.generator
    return RedNet(
        architecture,
        kernel_size=shape.kernel_size,
        group_channels=shape.group_channels,
        generator=load_object(form) if is_own_code(form) else form,
        stem_kernel_size=stem_kernel_size,
        classes=classes,
    )


def _build_resnet(
    architecture: Architecture, _: InvolutionShape, classes: int, stem_kernel_size: int
) -> "nn.Module":
    from involution_core.networks.rednet import ResNet

    return ResNet(architecture, classes=classes)


def _resnet_layers(
    architecture: Architecture, _: InvolutionShape, stem_kernel_size: int
) -> Iterator[SpatialLayer]:
    return convolution_layers(architecture)


def _own_family(spec: str) -> Family:
    """A user's function of the architecture and the number of classes."""

    def build(
        architecture: Architecture, _: InvolutionShape, classes: int, stem_kernel_size: int
    ) -> "nn.Module":
        network: nn.Module = load_object(spec)(architecture, classes=classes)
        return network

    return Family(
        name=spec,
        title=spec,
        architectures="rednet",
        build=build,
        layers=lambda *_: iter(()),
        closed_form=False,
        idle=INVOLUTION_SETTINGS,
    )


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family("rednet", "RedNet", "rednet", _build_rednet, involution_layers),
        Family(
            "resnet",
            "ResNet",
            "resnet",
            _build_resnet,
            _resnet_layers,
            idle=INVOLUTION_SETTINGS,
        ),
        Family(
            ATTENTION,
            ATTENTION,
            "rednet",
            _build_rednet,
            involution_layers,
            idle=("generator",),
            idle_because="a generator of its own",
            stands_for={"family": "rednet", "generator": ATTENTION},
        ),
    )
}
