"""A network's cost, counted by fvcore, by operator and by spatial layer.

fvcore counts one multiply-accumulate as one flop and skips, without a word in its total, every
operator that has no handle. Here each operator of our networks has one, what needs none is listed
with its reason, and anything else is an error.
"""

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import nn

from ablations.costs.formulas import SOFTMAX_OPERATIONS
from involution_core.involution import Involution
from involution_core.networks import Bottleneck
from involution_core.shapes import pair

with warnings.catch_warnings():  # its import uses parts of torch.jit that are deprecated
    warnings.simplefilter("ignore")
    from fvcore.nn import FlopCountAnalysis, parameter_count
    from fvcore.nn.jit_handles import (
        conv_flop_jit,
        get_shape,
        linear_flop_jit,
    )

OPERATORS = (
    "conv",
    "conv_bias",
    "linear",
    "linear_bias",
    "involution",
    "query_key",
    "batch_norm",
    "relu",
    "pool",
    "add",
    "mul",
    "softmax",
    "elementwise",
)
"""Operators of a network's cost: MACs for conv, linear, involution and query_key (an attention's
product over the windows); 1 per bias added, ReLU output, pooling input and elementwise sum or
product; 2 per BatchNorm element (inference); SOFTMAX_OPERATIONS per softmax output; 1 per output of
the elementwise functions that a user's code may have."""

_ELEMENTWISE = (
    "abs", "clamp", "div", "elu", "exp", "gelu", "hardsigmoid", "hardswish", "leaky_relu", "log",
    "neg", "pow", "rsqrt", "rsub", "sigmoid", "silu", "sqrt", "sub", "tanh",
)  # fmt: skip

_GEOMETRY = "which taps lie outside the image: of sizes alone, not of data"

UNCOUNTED = {
    "aten::unflatten": "a view: no arithmetic, no data moved",
    "aten::lt": _GEOMETRY,
    "aten::__or__": _GEOMETRY,
}
"""Operators without a handle that cost nothing, with the reason."""


class UncountedOperator(RuntimeError):
    """The network runs an operator that would be counted as zero."""


@dataclass(frozen=True)
class LayerCost:
    """Parameters and operations of one spatial layer, by the terms of `formulas.py`."""

    params: Mapping[str, int]
    operations: Mapping[str, int]


@dataclass(frozen=True)
class NetworkCost:
    """A network's cost for one image.

    params:     number of trainable parameters.
    operations: by the names in OPERATORS; a user's network may have others that fvcore counts.
    layers:     involutions and the convolutions in the middle of bottlenecks, by module name.
    """

    params: int
    operations: Mapping[str, int]
    layers: Mapping[str, LayerCost]


def _biased(name: str, inputs: list[Any], outputs: list[Any], macs: int) -> Counter[str]:
    counts = Counter({name: macs})
    if get_shape(inputs[2]) is not None:
        counts[f"{name}_bias"] = prod(get_shape(outputs[0]))
    return counts


def _conv(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    return _biased("conv", inputs, outputs, conv_flop_jit(inputs, outputs)["conv"])


def _linear(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    return _biased("linear", inputs, outputs, linear_flop_jit(inputs, outputs))


def _involution(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """K^2 for each output element; weight is (N, G, Kh, Kw, Ho, Wo)."""
    kernel_h, kernel_w = get_shape(inputs[1])[2:4]
    return Counter(involution=prod(get_shape(outputs[0])) * kernel_h * kernel_w)


def _query_key(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """K^2 for each element of the query; the output is (N, G, Kh, Kw, Ho, Wo)."""
    kernel_h, kernel_w = get_shape(outputs[0])[2:4]
    return Counter(query_key=prod(get_shape(inputs[0])) * kernel_h * kernel_w)


def _pool(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    return Counter(pool=prod(get_shape(inputs[0])))


def _relu(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    return Counter(relu=prod(get_shape(outputs[0])))


def _add(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    return Counter(add=prod(get_shape(outputs[0])))


def _mul(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    return Counter(mul=prod(get_shape(outputs[0])))


def _softmax(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    return Counter(softmax=SOFTMAX_OPERATIONS * prod(get_shape(outputs[0])))


def _elementwise(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    return Counter(elementwise=prod(get_shape(outputs[0])))


_HANDLES = {
    "aten::_convolution": _conv,
    "aten::linear": _linear,
    "involution_core::involution2d": _involution,
    "involution_core::involution2d_grad_weight": _query_key,
    "aten::relu": _relu,
    "aten::relu_": _relu,
    "aten::avg_pool2d": _pool,
    "aten::max_pool2d": _pool,
    "aten::adaptive_avg_pool2d": _pool,
    "aten::add": _add,
    "aten::add_": _add,
    "aten::mul": _mul,
    "aten::mul_": _mul,
    "aten::mean": _pool,
    "aten::sum": _pool,
    "aten::softmax": _softmax,
    **{f"aten::{name}": _elementwise for name in _ELEMENTWISE},
}

_OPERATION_TERMS = {
    ("generator.pool", "pool"): "pool",
    ("generator.reduce.0", "conv"): "reduce",
    ("generator.reduce.0", "conv_bias"): "reduce_bias",
    ("generator.reduce.1", "batch_norm"): "batch_norm",
    ("generator.reduce.2", "relu"): "relu",
    ("generator.span", "conv"): "span",
    ("generator.span", "conv_bias"): "span_bias",
    ("generator.query", "conv"): "to_query",
    ("generator.key", "conv"): "to_key",
    ("generator.value", "conv"): "to_value",
    ("generator", "mul"): "scale",
    ("generator", "query_key"): "query_key",
    ("generator", "add"): "mask",
    ("generator", "softmax"): "softmax",
    ("", "involution"): "aggregation",
    ("", "conv"): "convolution",
}

_PARAM_TERMS = {
    "generator.reduce.0.weight": "reduce",
    "generator.reduce.0.bias": "reduce_bias",
    "generator.reduce.1.weight": "batch_norm",
    "generator.reduce.1.bias": "batch_norm",
    "generator.span.weight": "span",
    "generator.span.bias": "span_bias",
    "generator.query.weight": "to_query",
    "generator.key.weight": "to_key",
    "generator.value.weight": "to_value",
    "weight": "convolution",
}


def _own_counts(name: str, counts: Mapping[str, Counter[str]]) -> Counter[str]:
    """What module `name` does itself, without its children."""
    own = Counter(counts[name])
    depth = name.count(".") + 1
    for other, theirs in counts.items():
        if other.startswith(f"{name}.") and other.count(".") == depth:
            own.subtract(theirs)
    return +own


def _layer_cost(name: str, layer: nn.Module, counts: Mapping[str, Counter[str]]) -> LayerCost:
    params: Counter[str] = Counter()
    for key, parameter in layer.named_parameters():
        params[_PARAM_TERMS.get(key, key)] += parameter.numel()
    operations: Counter[str] = Counter()
    for child, _ in layer.named_modules():
        own = _own_counts(f"{name}.{child}" if child else name, counts)
        for operator, count in own.items():
            operations[_OPERATION_TERMS.get((child, operator), f"{child}:{operator}")] += count
    return LayerCost(dict(params), dict(operations))


def _spatial_layers(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, module in network.named_modules():
        if isinstance(module, Involution):
            yield name, module
        elif isinstance(module, Bottleneck) and isinstance(module.spatial, nn.Conv2d):
            yield f"{name}.spatial", module.spatial


def count_cost(network: nn.Module, image_size: int | tuple[int, int]) -> NetworkCost:
    """The cost of `network` for one image in eval mode, 3 x `image_size`: a side, or (H, W).

    Raises UncountedOperator where the trace holds an operator that is neither counted nor listed
    in UNCOUNTED.
    """
    was_training = network.training
    network.eval()
    try:
        height, width = pair("image_size", image_size, 1)
        analysis = FlopCountAnalysis(network, torch.zeros(1, 3, height, width))
        analysis.set_op_handle(**_HANDLES)
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        analysis.tracer_warnings("none")
        counts = analysis.by_module_and_operator()
        uncounted = set(analysis.unsupported_ops()) - set(UNCOUNTED)
    finally:
        network.train(was_training)
    if uncounted:
        raise UncountedOperator(f"no count for operator {', '.join(sorted(uncounted))}")
    return NetworkCost(
        params=parameter_count(network)[""],
        operations={
            name: int(counts[""][name])
            for name in dict.fromkeys((*OPERATORS, *counts[""]))
            if counts[""][name]
        },
        layers={
            name: _layer_cost(name, module, counts) for name, module in _spatial_layers(network)
        },
    )
