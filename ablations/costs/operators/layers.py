"""Operators that are a whole layer: convolution, attention, recurrence, involution. No torch."""

from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import Any

from ablations.costs.formulas import SOFTMAX_OPERATIONS
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


def attention(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Two products over all positions; a mask, causal too, saves none of them.

    query (..., L, E), key (..., S, E), value (..., S, V), output (..., L, V); with fewer heads of
    keys than of queries, each serves several.
    """
    query, key, value = arguments[:3]
    rows = prod(outputs[0][:-1])
    return Counter(
        attention=rows * key[-2] * (query[-1] + value[-1]),
        mul=rows * query[-1],
        softmax=SOFTMAX_OPERATIONS * rows * key[-2],
    )


ATTENTION: dict[str, Formula] = {
    "aten::scaled_dot_product_attention": attention,
    "aten::_scaled_dot_product_flash_attention_for_cpu": attention,
    "aten::_scaled_dot_product_flash_attention": attention,
    "aten::_scaled_dot_product_efficient_attention": attention,
    "aten::_scaled_dot_product_cudnn_attention": attention,
}


def recurrent(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """The input is (steps, images, I) or its transpose, or packed, (steps of all, I).

    The matrices among the weights are linear maps: of the input, the state and an LSTM's
    projection, of each layer and direction.
    """
    weights = [each for each in arguments if isinstance(each, list)][-1]
    steps = prod(arguments[0][:-1])
    return Counter(rnn=steps * sum(prod(weight) for weight in weights if len(weight) == 2))


def one_layer(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """oneDNN's: the input, its weight, the state's weight and their biases."""
    x, of_input, of_state = arguments[:3]
    return Counter(rnn=prod(x[:-1]) * (prod(of_input) + prod(of_state)))


RECURRENT: dict[str, Formula] = {
    **{f"aten::{name}": recurrent for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
    "aten::mkldnn_rnn_layer": one_layer,
}


def involution(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """K² for each output element; weight is (N, G, Kh, Kw, Ho, Wo)."""
    return Counter(involution=prod(outputs[0]) * prod(arguments[1][2:4]))


def query_key(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """K² for each element of the query; the output is (N, G, Kh, Kw, Ho, Wo)."""
    return Counter(query_key=prod(arguments[0]) * prod(outputs[0][2:4]))


INVOLUTIONS: dict[str, Formula] = {
    "involution_core::involution2d": involution,
    "involution_core::involution2d_grad_weight": query_key,
}
