import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ablations.costs.formulas import MAC_TERMS, PARAM_TERMS, operations, params
from ablations.networks.layers import (
    ConvolutionLayer,
    InvolutionLayer,
    convolution_layers,
    involution_layers,
)
from ablations.study.variants import Variant
from involution_core.backends import unfold
from involution_core.networks.architectures import ARCHITECTURES
from involution_core.operator.shapes import make_window

BOTTLENECK = InvolutionLayer("layer", 64, 7, 16, "r=4", 2, 57, 56)
LINEAR = InvolutionLayer("layer", 64, 7, 16, "W", 1, 10, 9)
CONVOLUTION = ConvolutionLayer("layer", 64, 3, 2, 57, 56)
ATTENTION = InvolutionLayer("layer", 64, 7, 16, "attention", 2, 57, 56)


def test_bottleneck_by_hand():
    # C=64, K=7, G=4, r=4, output 29 x 28
    assert params(BOTTLENECK) == {
        "reduce": 1024,
        "batch_norm": 32,
        "span": 3136,
        "span_bias": 196,
    }
    pixels = 29 * 28
    assert operations(BOTTLENECK) == {
        "pool": 57 * 56 * 64,
        "reduce": pixels * 1024,
        "batch_norm": pixels * 32,
        "relu": pixels * 16,
        "span": pixels * 3136,
        "span_bias": pixels * 196,
        "aggregation": pixels * 49 * 64,
    }


def test_linear_by_hand():
    assert params(LINEAR) == {"span": 49 * 4 * 64, "span_bias": 196}
    assert operations(LINEAR) == {
        "span": 90 * 49 * 4 * 64,
        "span_bias": 90 * 196,
        "aggregation": 90 * 49 * 64,
    }


def test_attention_by_hand():
    # C=64, K=7, G=4, output 29 x 28; keys and values on the input's 57 x 56
    assert params(ATTENTION) == {"to_query": 4096, "to_key": 4096, "to_value": 4096}
    pixels = 29 * 28
    assert operations(ATTENTION) == {
        "pool": 57 * 56 * 64,
        "to_query": pixels * 4096,
        "to_key": 57 * 56 * 4096,
        "to_value": 57 * 56 * 4096,
        "scale": pixels * 64,
        "query_key": pixels * 49 * 64,
        "mask": pixels * 49 * 4,
        "softmax": 5 * pixels * 49 * 4,
        "aggregation": pixels * 49 * 64,
    }


def test_convolution_by_hand():
    assert params(CONVOLUTION) == {"convolution": 9 * 64 * 64}
    assert operations(CONVOLUTION) == {"convolution": 29 * 28 * 9 * 64 * 64}


def test_attention_adds_up_to_three_maps_and_two_products():
    c, k, hw, whole = 64, 7, 29 * 28, 57 * 56
    assert sum(params(ATTENTION)[term] for term in PARAM_TERMS if "to_" in term) == 3 * c**2
    macs = sum(operations(ATTENTION).get(term, 0) for term in MAC_TERMS)
    assert macs == (hw + 2 * whole) * c**2 + 2 * hw * k**2 * c


@pytest.mark.parametrize("layer", [BOTTLENECK, LINEAR])
def test_terms_add_up_to_the_slides_closed_form(layer):
    c, k, g, hw = layer.channels, layer.kernel_size, layer.groups, layer.pixels
    if layer.reduction_ratio is None:
        weights = k**2 * g * c
    else:
        weights, rest = divmod(c**2 + k**2 * g * c, layer.reduction_ratio)
        assert rest == 0
    assert sum(params(layer).get(term, 0) for term in PARAM_TERMS) == weights
    macs = sum(operations(layer).get(term, 0) for term in MAC_TERMS)
    assert macs == hw * weights + hw * k**2 * c


class Multiplications(TorchDispatchMode):
    """Counts the elements of every elementwise product that is really computed."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        if function.overloadpacket is torch.ops.aten.mul:
            self.count += out.numel()
        return out


@pytest.mark.parametrize(("kernel", "stride", "shared"), [(3, 1, 4), (5, 2, 1), (7, 1, 16)])
def test_aggregation_is_what_the_unfold_formulation_multiplies(kernel, stride, shared):
    layer = InvolutionLayer("layer", 16, kernel, shared, "r=4", stride, 9, 6)
    window = make_window(kernel, stride)
    x = torch.zeros(1, 16, 9, 6)
    weight = torch.zeros(1, 16 // shared, kernel, kernel, *window.output_size((9, 6)))
    with Multiplications() as multiplications:
        unfold.forward(x, weight, window)
    assert multiplications.count == operations(layer)["aggregation"]


@pytest.mark.parametrize(("kernel", "stride", "shared"), [(3, 1, 4), (5, 2, 1), (7, 1, 16)])
def test_query_key_is_what_the_unfold_formulation_multiplies(kernel, stride, shared):
    layer = InvolutionLayer("layer", 16, kernel, shared, "attention", stride, 9, 6)
    window = make_window(kernel, stride)
    query = torch.zeros(1, 16, *window.output_size((9, 6)))
    with Multiplications() as multiplications:
        unfold.grad_weight(query, torch.zeros(1, 16, 9, 6), window, 16 // shared)
    assert multiplications.count == operations(layer)["query_key"]


def test_layers_of_rednet50():
    layers = list(
        involution_layers(ARCHITECTURES["rednet50"], Variant().involution, stem_kernel_size=7)
    )
    assert len(layers) == 1 + 3 + 4 + 6 + 3
    assert (layers[0].name, layers[0].channels, layers[0].kernel_size) == ("stem.3", 32, 7)
    first_of_last_stage = layers[-3]
    assert first_of_last_stage.name == "stages.3.0.spatial"
    assert (first_of_last_stage.stride, first_of_last_stage.height) == (2, 14)
    assert first_of_last_stage.pixels == layers[-1].pixels == 49


def test_layers_of_resnet50():
    resnet, rednet = ARCHITECTURES["resnet50"], ARCHITECTURES["rednet50"]
    variant = Variant(5, 1, "W", "resnet")
    layers = list(variant.kind.layers(resnet, variant.involution, 7))
    assert layers == list(convolution_layers(resnet))
    assert {type(layer) for layer in layers} == {ConvolutionLayer}
    assert {layer.kernel_size for layer in layers} == {3}
    involutions = list(Variant().kind.layers(rednet, Variant().involution, 3))
    assert involutions == list(involution_layers(rednet, Variant().involution))
    for convolution, involution in zip(layers, involutions[1:], strict=True):
        for field in ("name", "channels", "stride", "height", "width", "pixels"):
            assert getattr(convolution, field) == getattr(involution, field)


def test_formulas_import_no_torch():
    import subprocess
    import sys

    modules = "ablations.costs.formulas, ablations.study.variants"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
