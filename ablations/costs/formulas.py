"""Closed forms of a spatial layer's parameters and operations. Integers only, no torch.

From the paper (section 3.2), for C channels, a K x K kernel, G groups, reduction ratio r and an
output of H x W pixels:

    W1 sigma(W0):  #Params (C^2 + K^2 G C)/r    FLOPs HW (C^2 + K^2 G C)/r + HW K^2 C
    W:             #Params K^2 G C              FLOPs HW K^2 G C + HW K^2 C

The paper has none for self-attention. From the talk's formula ((X WQ)(X WK)^T over a K x K window,
applied to X WV), H' x W' being the input's grid:

    attention:     #Params 3 C^2    FLOPs HW C^2 + 2 H'W' C^2 + HW K^2 C + HW K^2 C

and the convolution that an involution stands for (ResNet's, without a bias):

    convolution:   #Params K^2 C^2    FLOPs HW K^2 C^2

One FLOP there is one multiply-accumulate. H x W is the output's grid: with stride s > 1 the
kernel, or an attention's query, is generated after pooling. What the closed form leaves out
(biases, BN, ReLU, pooling, softmax) stands here under names of its own and is never added to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ablations.study.variants import Variant
from involution_core.architectures import (
    STEM_GROUP_CHANNELS,
    STEM_KERNEL_SIZE,
    STEM_REDUCTION_RATIO,
    Architecture,
)
from involution_core.forms import ATTENTION, reduction_ratio_of

PROJECTIONS = ("to_query", "to_key", "to_value")
"""An attention's linear maps WQ, WK and WV, C^2 each."""

PARAM_TERMS = ("reduce", "span", *PROJECTIONS, "convolution")
"""Parameters of the closed form: C^2/r and K^2 G C/r (W: span alone, K^2 G C); a ResNet's layers
have K^2 C^2 alone."""

MAC_TERMS = (*PARAM_TERMS, "query_key", "aggregation")
"""Multiply-accumulates of the closed form; query_key (attention) and aggregation are HW K^2 C."""

RESNET_KERNEL_SIZE = 3

SOFTMAX_OPERATIONS = 5
"""Per weight: the maximum, the difference from it, the exponential, the sum, the quotient."""


@dataclass(frozen=True)
class InvolutionLayer:
    """The integers of one involution layer. height, width: of its input, pixels.

    form: of the kernel generator, in the notation of `involution_core.forms`; a user's, as
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
        return ":" in self.form

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


def params(layer: SpatialLayer) -> dict[str, int]:
    """Parameters by term; the slides' closed form is the sum of PARAM_TERMS."""
    if isinstance(layer, ConvolutionLayer):
        return {"convolution": layer.kernel_size**2 * layer.channels**2}
    if layer.own_code:
        return {}
    if layer.form == ATTENTION:
        return dict.fromkeys(PROJECTIONS, layer.channels**2)
    weights = layer.kernel_size**2 * layer.groups
    if layer.reduction_ratio is None:
        return {"span": weights * layer.channels, "span_bias": weights}
    hidden = layer.channels // layer.reduction_ratio
    return {
        "reduce": layer.channels * hidden,
        "batch_norm": 2 * hidden,
        "span": weights * hidden,
        "span_bias": weights,
    }


def operations(layer: SpatialLayer) -> dict[str, int]:
    """Operations by term for one image; the slides' closed form is the sum of MAC_TERMS.

    Those are multiply-accumulates. Of the others, batch_norm counts 2 per element (inference),
    span_bias and relu 1 per element, pool 1 per element that goes in, scale 1 per element of the
    query, mask 1 and softmax SOFTMAX_OPERATIONS per weight.
    """
    if isinstance(layer, ConvolutionLayer):
        return {"convolution": layer.pixels * params(layer)["convolution"]}
    by_term = {"aggregation": layer.pixels * layer.kernel_size**2 * layer.channels}
    if layer.own_code:
        return by_term
    if layer.form == ATTENTION:
        by_term |= _attention_operations(layer)
    else:
        by_term["span"] = layer.pixels * params(layer)["span"]
        by_term["span_bias"] = layer.pixels * params(layer)["span_bias"]
    if layer.reduction_ratio is not None:
        hidden = layer.channels // layer.reduction_ratio
        by_term["reduce"] = layer.pixels * layer.channels * hidden
        by_term["batch_norm"] = 2 * layer.pixels * hidden
        by_term["relu"] = layer.pixels * hidden
    if layer.stride > 1:
        by_term["pool"] = layer.height * layer.width * layer.channels
    return by_term


def _attention_operations(layer: InvolutionLayer) -> dict[str, int]:
    """Queries lie on the output's grid, keys and values on the input's."""
    everywhere = layer.height * layer.width * layer.channels**2
    weights = layer.pixels * layer.kernel_size**2 * layer.groups
    return {
        "to_query": layer.pixels * layer.channels**2,
        "to_key": everywhere,
        "to_value": everywhere,
        "query_key": layer.pixels * layer.kernel_size**2 * layer.channels,
        "scale": layer.pixels * layer.channels,
        "mask": weights,
        "softmax": SOFTMAX_OPERATIONS * weights,
    }


def spatial_layers(
    architecture: Architecture, variant: Variant, stem_kernel_size: int = STEM_KERNEL_SIZE
) -> Iterator[SpatialLayer]:
    """A RedNet's involutions, a ResNet's spatial convolutions; a user's family has none known."""
    if variant.family == "resnet":
        yield from convolution_layers(architecture)
    if variant.has_involutions:
        yield from involution_layers(architecture, variant, stem_kernel_size)


def convolution_layers(architecture: Architecture) -> Iterator[ConvolutionLayer]:
    """The middle of every bottleneck of a ResNet on its own image size, by its module's name."""
    for name, channels, stride, size in _middles(architecture):
        yield ConvolutionLayer(name, channels, RESNET_KERNEL_SIZE, stride, size, size)


def involution_layers(
    architecture: Architecture, variant: Variant, stem_kernel_size: int = STEM_KERNEL_SIZE
) -> Iterator[InvolutionLayer]:
    """Every involution layer of a RedNet on its own image size, by the name of its module."""
    if architecture.stem == "imagenet":
        size = -(-architecture.image_size // 2)
        yield InvolutionLayer(
            "stem.3",
            architecture.stem_channels // 2,
            stem_kernel_size,
            STEM_GROUP_CHANNELS,
            f"r={STEM_REDUCTION_RATIO}",
            1,
            size,
            size,
        )
    for name, channels, stride, size in _middles(architecture):
        shared = channels if variant.group_channels == "C" else variant.group_channels
        yield InvolutionLayer(
            name, channels, variant.kernel_size, shared, variant.generator, stride, size, size
        )


def _middles(architecture: Architecture) -> Iterator[tuple[str, int, int, int]]:
    """The layer in the middle of every bottleneck: module name, channels, stride, side of its
    square input in pixels."""
    size = -(-architecture.image_size // (4 if architecture.stem == "imagenet" else 2))
    for stage, (channels, blocks) in enumerate(
        zip(architecture.stage_channels, architecture.blocks, strict=True)
    ):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            yield f"stages.{stage}.{block}.spatial", channels, stride, size
            size = -(-size // stride)
