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
(biases, BN, ReLU, pooling, softmax) has separate names here and is never added to it.
"""

from ablations.networks.layers import ConvolutionLayer, InvolutionLayer, SpatialLayer
from involution_core.generators.forms import ATTENTION

PROJECTIONS = ("to_query", "to_key", "to_value")
"""An attention's linear maps WQ, WK and WV, C^2 each."""

PARAM_TERMS = ("reduce", "span", *PROJECTIONS, "convolution")
"""Parameters of the closed form: C^2/r and K^2 G C/r (W: span alone, K^2 G C); a ResNet's layers
have K^2 C^2 alone."""

MAC_TERMS = (*PARAM_TERMS, "query_key", "aggregation")
"""Multiply-accumulates of the closed form; query_key (attention) and aggregation are HW K^2 C."""

SOFTMAX_OPERATIONS = 5
"""Per weight: the maximum, the difference from it, the exponential, the sum, the quotient."""


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
    """Return the operations by term for one image; the slides' closed form is the sum of MAC_TERMS.

    MAC_TERMS are multiply-accumulates. The other terms: batch_norm 2 per element (inference),
    span_bias and relu 1 per element, pool 1 per input element, scale 1 per element of the
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
