"""A network's cost: its parameters and what was counted, by operator and by spatial layer."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import nn

from involution_core.layer.involution import Involution
from involution_core.networks.rednet import Bottleneck

OPERATORS = (
    "conv",
    "conv_bias",
    "linear",
    "linear_bias",
    "matmul",
    "attention",
    "rnn",
    "custom",
    "involution",
    "query_key",
    "batch_norm",
    "norm",
    "relu",
    "pool",
    "add",
    "mul",
    "softmax",
    "interpolation",
    "elementwise",
)
"""Operators of a network's cost: MACs for those in `conventions.FULL`, where matmul is every matrix
product but a linear layer's, attention a scaled dot-product attention's two, rnn a recurrent
layer's, custom what `register_macs` counts, and query_key an involution's attention's product over
the windows. 1 per bias added, ReLU output, pooling input and elementwise sum or product; 2 per
BatchNorm element (inference) and 4 or 5 of other normalisations; SOFTMAX_OPERATIONS per softmax
output; one for each neighbour of an interpolated pixel; 1 per output of other elementwise
functions."""

ByModule = Mapping[str, Counter[str]]
"""Module name, "" for the whole network -> what it and its children do, by OPERATORS."""


@dataclass(frozen=True)
class LayerCost:
    """Parameters and operations of one spatial layer, by the terms of `formulas.py`."""

    params: Mapping[str, int]
    operations: Mapping[str, int]


@dataclass(frozen=True)
class NetworkCost:
    """A network's cost for one image.

    params:     number of parameters.
    operations: by the names in OPERATORS.
    layers:     involutions and the convolutions in the middle of bottlenecks, by module name.
    """

    params: int
    operations: Mapping[str, int]
    layers: Mapping[str, LayerCost]


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


def _own_counts(name: str, module: nn.Module, counts: ByModule) -> Counter[str]:
    """What the module itself does, without its children."""
    own = Counter(counts.get(name, {}))
    for child, _ in module.named_children():
        own.subtract(counts.get(f"{name}.{child}", {}))
    return +own


def _layer_cost(name: str, layer: nn.Module, counts: ByModule) -> LayerCost:
    params: Counter[str] = Counter()
    for key, parameter in layer.named_parameters():
        params[_PARAM_TERMS.get(key, key)] += parameter.numel()
    operations: Counter[str] = Counter()
    for child, module in layer.named_modules():
        own = _own_counts(f"{name}.{child}" if child else name, module, counts)
        for operator, count in own.items():
            operations[_OPERATION_TERMS.get((child, operator), f"{child}:{operator}")] += count
    return LayerCost(dict(params), dict(operations))


def _spatial_layers(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, module in network.named_modules():
        if isinstance(module, Involution):
            yield name, module
        elif isinstance(module, Bottleneck) and isinstance(module.spatial, nn.Conv2d):
            yield f"{name}.spatial", module.spatial


def network_cost(network: nn.Module, counts: ByModule) -> NetworkCost:
    """The cost of a network from what a counter counted."""
    whole = counts[""]
    return NetworkCost(
        params=sum(parameter.numel() for parameter in network.parameters()),
        operations={name: int(whole[name]) for name in OPERATORS if whole[name]},
        layers={
            name: _layer_cost(name, module, counts) for name, module in _spatial_layers(network)
        },
    )
