"""Involution over volumes, against the same sum written out."""

import pytest
import torch
import torch.nn.functional as F

from involution_core import AttentionGenerator, Involution3d, LinearGenerator


def written_out(layer, x, kernel, stride):
    """All taps of all voxels at once; dilation 1, the default padding."""
    pixels = F.avg_pool3d(x, stride, ceil_mode=True)
    span = layer.generator.span
    hidden = pixels
    if hasattr(layer.generator, "reduce"):
        reduce, norm, _ = layer.generator.reduce
        hidden = F.conv3d(pixels, reduce.weight.unsqueeze(2), reduce.bias)
        hidden = F.relu(
            F.batch_norm(hidden, norm.running_mean, norm.running_var, norm.weight, norm.bias)
        )
    kernels = F.conv3d(hidden, span.weight.unsqueeze(2), span.bias)
    kernels = kernels.unflatten(1, (layer.groups, *kernel))
    windows = F.pad(x, [side for k in reversed(kernel) for side in (k // 2, k // 2)])
    for axis, (size, step) in enumerate(zip(kernel, stride, strict=True)):
        windows = windows.unfold(2 + axis, size, step)
    windows = windows.unflatten(1, (layer.groups, -1))
    return torch.einsum("ngcdhwuvt,nguvtdhw->ngcdhw", windows, kernels).flatten(1, 2)


@pytest.mark.parametrize("generator", [None, LinearGenerator])
@pytest.mark.parametrize(
    ("kernel", "stride"), [((3, 3, 3), (1, 1, 1)), ((3, 1, 5), (2, 3, 1)), ((1, 3, 3), (1, 2, 2))]
)
def test_equals_the_sum_written_out(kernel, stride, generator):
    layer = Involution3d(8, kernel, stride, 4, 2, generator=generator).double().eval()
    x = torch.randn(2, 8, 5, 7, 6, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), written_out(layer, x, kernel, stride))
        torch.testing.assert_close(layer(x)[1], layer(x[1]))


@pytest.mark.parametrize("padding", [0, (2, 0, 1), 1])
def test_the_output_has_a_convolutions_size(padding):
    layer = Involution3d(8, (2, 3, 4), (2, 1, 3), 4, 2, dilation=(2, 1, 1), padding=padding)
    x = torch.randn(2, 8, 6, 7, 8)
    same = torch.nn.Conv3d(8, 8, (2, 3, 4), (2, 1, 3), padding, (2, 1, 1))
    assert layer(x).shape == same(x).shape


def test_gradients():
    layer = Involution3d(4, 3, (2, 1, 1), 2, 2).double().eval()
    x = torch.randn(1, 4, 3, 3, 2, dtype=torch.float64, requires_grad=True)
    names = [name for name, _ in layer.named_parameters()]

    def call(x, *values):
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x,))

    assert torch.autograd.gradcheck(call, (x, *layer.parameters()))


def test_a_symbolic_trace_and_an_export_are_the_layer():
    layer = Involution3d(8, 3, 2, 4, 2).eval()
    x = torch.randn(1, 8, 4, 6, 5)
    torch.testing.assert_close(torch.fx.symbolic_trace(layer)(x), layer(x))
    torch.testing.assert_close(torch.export.export(layer, (x,)).module()(x), layer(x))


def test_what_makes_no_sense_is_said():
    with pytest.raises(ValueError, match=r"AttentionGenerator overrides values"):
        Involution3d(8, 3, 1, 4, generator=AttentionGenerator)
    with pytest.raises(
        ValueError, match=r"must be one or three integers of at least 1, got \(3, 3\)"
    ):
        Involution3d(8, (3, 3))
    with pytest.raises(ValueError, match=r"x must have shape \(N, 8, D, H, W\)"):
        Involution3d(8, 3, 1, 4)(torch.randn(1, 4, 3, 3, 3))
    with pytest.raises(ValueError, match=r"too small"):
        Involution3d(8, 5, 1, 4, padding=0)(torch.randn(1, 8, 4, 5, 5))
    with pytest.raises(
        ValueError, match=r"^x of depth 3 is too small for kernel_size 5, padding 0"
    ):
        Involution3d(8, (5, 1, 1), 1, 4, padding=0)(torch.randn(1, 8, 3, 5, 5))
    with pytest.raises(ValueError, match=r"^stride must be one or three integers of at least 1"):
        Involution3d(8, 3, 0, 4)
