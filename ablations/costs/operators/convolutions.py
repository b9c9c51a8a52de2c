"""Convolutions: one multiply-accumulate for each weight at each place. No torch."""

from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import Any

from ablations.costs.operators.formula import Formula, Shape


def _counted(places: int, weight: Shape, bias: Shape | None, output: Shape) -> Counter[str]:
    counts = Counter(conv=places * prod(weight))
    if bias is not None:
        counts["conv_bias"] = prod(output)
    return counts


def convolution(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Weight (O, I / groups, K...): at each pixel of the output; transposed (I, O / groups, K...):
    of the input."""
    x, weight, bias, _stride, _padding, _dilation, transposed = arguments[:7]
    pixels = x[2:] if transposed else outputs[0][2:]
    return _counted(x[0] * prod(pixels), weight, bias, outputs[0])


def convolution_mode(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """With padding in words: "same" or "valid"."""
    x, weight, bias = arguments[:3]
    return _counted(x[0] * prod(outputs[0][2:]), weight, bias, outputs[0])


def conv_tbc(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Weight (K, I, O), output (T, N, O)."""
    _, weight, bias = arguments[:3]
    return _counted(prod(outputs[0][:2]), weight, bias, outputs[0])


CONVOLUTIONS: dict[str, Formula] = {
    "aten::_convolution": convolution,
    "aten::convolution": convolution,
    "aten::_convolution_mode": convolution_mode,
    "aten::conv_tbc": conv_tbc,
}
