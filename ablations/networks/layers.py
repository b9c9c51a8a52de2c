"""The spatial layers of a network as integers, without building it. No torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ablations.own_code import is_own_code
from involution_core.generators.forms import reduction_ratio_of
from involution_core.networks.architectures import (
    STEM_GROUP_CHANNELS,
    STEM_KERNEL_SIZE,
    STEM_REDUCTION_RATIO,
    Architecture,
)

RESNET_KERNEL_SIZE = 3


class InvolutionShape(NamedTuple):
    """What all involutions of a network but the stem's share; see `network.Network`."""

    kernel_size: int
    group_channels: int | Literal["C"]
    generator: str


@dataclass(frozen=True)
class InvolutionLayer:
    """The integers of one involution layer. height, width: of its input, pixels.

    form: of the kernel generator, in the notation of `generators.forms`; a user's, as
          module:object, has no closed form but that of the aggregation.
    """

    name: str
    channels: int
    kernel_size: int
    group_channels: int
    form: str
    stride: int
    height: int
    width: int

    @property
    def reduction_ratio(self) -> int | None:
        """r, None for the forms without one."""
        return None if self.own_code else reduction_ratio_of(self.form)

    @property
    def own_code(self) -> bool:
        return is_own_code(self.form)

    @property
    def groups(self) -> int:
        return self.channels // self.group_channels

    @property
    def pixels(self) -> int:
        """H x W of the output."""
        return _output_pixels(self.height, self.width, self.stride)


@dataclass(frozen=True)
class ConvolutionLayer:
    """The integers of the convolution in the middle of a ResNet's bottleneck, K odd, padded to keep
    the map's size but for the stride. height, width: of its input, pixels."""

    name: str
    channels: int
    kernel_size: int
    stride: int
    height: int
    width: int

    own_code = False

    @property
    def pixels(self) -> int:
        """H x W of the output."""
        return _output_pixels(self.height, self.width, self.stride)


SpatialLayer = InvolutionLayer | ConvolutionLayer
"""What the closed forms are of."""


def _output_pixels(height: int, width: int, stride: int) -> int:
    return -(-height // stride) * -(-width // stride)


def convolution_layers(architecture: Architecture) -> Iterator[ConvolutionLayer]:
    """The middle of every bottleneck of a ResNet on its own image size, by its module's name."""
    for name, channels, stride, size in _middles(architecture):
        yield ConvolutionLayer(name, channels, RESNET_KERNEL_SIZE, stride, *size)


def involution_layers(
    architecture: Architecture, shape: InvolutionShape, stem_kernel_size: int = STEM_KERNEL_SIZE
) -> Iterator[InvolutionLayer]:
    """Every involution layer of a RedNet on its own image size, by the name of its module."""
    if architecture.stem == "imagenet":
        yield InvolutionLayer(
            "stem.3",
            architecture.stem_channels // 2,
            stem_kernel_size,
            STEM_GROUP_CHANNELS,
            f"r={STEM_REDUCTION_RATIO}",
            1,
            *_reduced(architecture.image_shape, 2),
        )
    for name, channels, stride, size in _middles(architecture):
        shared = channels if shape.group_channels == "C" else shape.group_channels
        yield InvolutionLayer(
            name, channels, shape.kernel_size, shared, shape.generator, stride, *size
        )


def _middles(architecture: Architecture) -> Iterator[tuple[str, int, int, tuple[int, int]]]:
    """The layer in the middle of every bottleneck: module name, channels, stride, (height, width)
    of its input in pixels."""
    size = _reduced(architecture.image_shape, 4 if architecture.stem == "imagenet" else 2)
    for stage, (channels, blocks) in enumerate(
        zip(architecture.stage_channels, architecture.blocks, strict=True)
    ):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            yield f"stages.{stage}.{block}.spatial", channels, stride, size
            size = _reduced(size, stride)


def _reduced(size: tuple[int, int], by: int) -> tuple[int, int]:
    return -(-size[0] // by), -(-size[1] // by)
