"""Span and aggregation in one: the same numbers, without the kernels ever all in memory."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ablations.training.process import peak_bytes
from involution_core import Involution, LinearGenerator, build_network
from involution_core.backends.native import native_bands
from involution_core.backends.native.native_backend import KERNEL
from involution_core.backends.table import BACKENDS
from involution_core.generators.paper_generators import BottleneckGenerator

pytestmark = pytest.mark.skipif(isinstance(KERNEL, str), reason="the kernel is not built")
CPU = torch.device("cpu")


@pytest.fixture
def calls(monkeypatch):
    """The passes that were run in bands, which are small."""
    monkeypatch.setattr(native_bands, "BAND_BYTES", 1000)
    made = []
    for name in ("forward", "backward"):
        plain = getattr(native_bands, name)

        def called(*args, plain=plain, name=name):
            made.append(name)
            return plain(*args)

        swapped(monkeypatch, name, called)
    return made


def swapped(monkeypatch, name, function):
    native = BACKENDS["native"]
    bands = replace(native.bands, **{name: function})
    monkeypatch.setitem(BACKENDS, "native", replace(native, bands=bands))


def images(layer, *size, channels_last=True, dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, layer.channels, *size, generator=generator, dtype=dtype)
    return x.to(memory_format=torch.channels_last) if channels_last else x


def run(layer, x):
    """Output and gradients of a layer without statistics of a batch, in which a bias has none."""
    x = x.clone(memory_format=torch.preserve_format).requires_grad_()
    y = layer.eval()(x)
    spread = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)
    return y, *torch.autograd.grad(y, [x, *layer.parameters()], spread)


def run_apart(layer, x):
    """The same by a generator that someone watches."""
    handle = layer.generator.register_forward_hook(lambda *_: None)
    found = run(layer, x)
    handle.remove()
    return found


@pytest.mark.parametrize("band", [1, 1000, 4000], ids="{} bytes".format)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"kernel_size": 3, "group_channels": 4},
        {"kernel_size": (3, 5), "group_channels": 1, "stride": (2, 1)},
        {"kernel_size": 5, "stride": 2, "dilation": 2},
        {"kernel_size": 4, "padding": 2, "group_channels": "C"},
        {"kernel_size": 3, "padding": 0, "stride": 3, "generator": LinearGenerator},
        {"kernel_size": 3, "padding": (7, 1), "dilation": (1, 3)},
        {"dtype": torch.float64, "group_channels": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize("channels_last", [True, False])
def test_it_is_the_span_and_then_the_operator(calls, monkeypatch, band, options, channels_last):
    monkeypatch.setattr(native_bands, "BAND_BYTES", band)
    torch.manual_seed(1)
    layer = Involution(16, **options)
    x = images(layer, 23, 26, channels_last=channels_last, dtype=options.get("dtype", None))
    found = run(layer, x)
    assert calls == ["forward", "backward"]
    expected = run_apart(layer, x)
    assert calls == ["forward", "backward"]
    assert found[0].stride() == expected[0].stride()
    for one, other in zip(found, expected, strict=True):
        tolerance = {} if one.dtype == torch.float64 else {"atol": 2e-5, "rtol": 2e-5}
        torch.testing.assert_close(one, other, **tolerance)


def test_several_maps_may_be_a_band(calls):
    layer = Involution(16, 3)
    x = images(layer, 2, 3).repeat(5, 1, 1, 1)
    found = run(layer, x)
    assert (native_bands.BAND_BYTES // (2 * 3 * 9 * 4), len(x)) == (4, 10)
    assert calls == ["forward", "backward"]
    for one, other in zip(found, run_apart(layer, x), strict=True):
        torch.testing.assert_close(one, other, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize(
    ("batch", "rows", "row_bytes", "height", "images"),
    [(4, 8, 1 << 18, 8, 1), (4, 8, 1 << 17, 8, 2), (5, 8, 1 << 16, 8, 4), (2, 9, 1 << 20, 2, 1)],
)
def test_bands_are_whole_maps_or_parts_of_one(monkeypatch, batch, rows, row_bytes, height, images):
    monkeypatch.setattr(native_bands, "BAND_BYTES", 1 << 21)
    found = native_bands.bands(batch, rows, row_bytes)
    places = [
        (image, row)
        for band in found
        for image in range(band.first, band.past)
        for row in range(band.top, band.bottom)
    ]
    assert places == [(image, row) for image in range(batch) for row in range(rows)]
    assert found[0] == (0, images, 0, height)


def test_a_row_that_is_too_large_is_a_band():
    assert len(native_bands.bands(2, 3, 1 << 30)) == 6


def test_kernels_that_the_cache_holds_are_made_apart(calls, monkeypatch):
    layer = Involution(16, 3)
    x = images(layer, 6, 7)
    for band, expected in ((2 * 6 * 7 * 9 * 4, []), (2 * 6 * 7 * 9 * 4 - 1, ["forward"])):
        monkeypatch.setattr(native_bands, "BAND_BYTES", band)
        layer(x)
        assert calls == expected


def test_the_kernels_never_lie_in_memory_at_once():
    layer = Involution(32, 7, group_channels=4)
    x = images(layer, 64, 64).requires_grad_()
    kernels = 4 * 2 * 8 * 49 * 64 * 64
    band = native_bands.BAND_BYTES
    assert band < kernels / 4
    whole = peak_bytes(lambda: run_apart(layer, x), CPU)
    assert whole - peak_bytes(lambda: run(layer, x), CPU) > 2 * (kernels - band)


@pytest.mark.parametrize("options", [{}, {"stride": 2, "group_channels": 2}])
def test_second_derivatives(calls, options):
    layer = Involution(4, 3, group_channels=4, dtype=torch.float64).eval()
    inputs = (
        torch.randn(2, 4, 5, 4, dtype=torch.float64, requires_grad=True),
        *layer.parameters(),
    )
    assert torch.autograd.gradgradcheck(lambda x, *_: layer(x), inputs)
    assert "forward" in calls


def test_frozen_parts_get_no_gradient(calls):
    layer = Involution(16, 3)
    x = images(layer, 6, 7)
    expected = run_apart(layer, x)
    layer.generator.span.weight.requires_grad_(False)
    layer.eval()(x).backward(torch.linspace(-1, 1, x.numel()).view_as(x))
    assert calls == ["forward", "backward"]
    assert layer.generator.span.weight.grad is None
    by = dict(
        zip(("x", *(name for name, _ in layer.named_parameters())), expected[1:], strict=True)
    )
    for name, parameter in layer.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(parameter.grad, by[name], atol=2e-5, rtol=2e-5)


def test_a_whole_network_gives_the_same(calls):
    torch.manual_seed(1)
    network = build_network("rednet-small").to(memory_format=torch.channels_last)
    x = torch.randn(4, 3, 32, 32).to(memory_format=torch.channels_last)
    found = torch.autograd.grad(network(x).square().sum(), list(network.parameters()))
    assert calls.count("forward") == calls.count("backward") == 2
    del calls[:]
    for module in network.modules():
        module.register_forward_hook(lambda *_: None)
    expected = torch.autograd.grad(network(x).square().sum(), list(network.parameters()))
    assert calls == []
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)


MISFITS = {
    "narrower": lambda x: x[..., 1:],
    "of one pixel": lambda x: x.mean((2, 3), keepdim=True),
    "twice as long": lambda x: torch.cat([x, x], 2),
    "of more images": lambda x: torch.cat([x, x]),
    "of more channels": lambda x: torch.cat([x, x], 1),
    "of another type": lambda x: x.double(),
    "of a half type": lambda x: x.bfloat16(),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_hidden_map_that_does_not_fit_is_refused(calls, name):
    class Own(LinearGenerator):
        def hidden(self, x):
            return MISFITS[name](self.pool(x))

    layer = Involution(16, 3, generator=Own)
    with pytest.raises((ValueError, RuntimeError)):
        layer(images(layer, 5, 6))
    layer.generator.register_forward_hook(lambda *_: None)
    with pytest.raises((ValueError, RuntimeError)):
        layer(images(layer, 5, 6))
    assert calls == ([] if name != "of more channels" else ["forward"])


@pytest.mark.parametrize(
    ("other", "begun"),
    [((16, 5, 1), []), ((16, (1, 9), 1), []), ((16, 3, 3), []), ((30, 3, 1), ["forward"])],
)
def test_a_span_of_another_window_is_refused(calls, other, begun):
    """Also where it has as many rows, as the second has; the last is of other channels."""
    layer = Involution(16, 3, group_channels=16, generator="W")
    layer.generator.span = LinearGenerator(*other).span
    with pytest.raises((ValueError, RuntimeError)):
        layer(images(layer, 5, 6))
    assert calls == begun


@pytest.mark.parametrize("owner", ["layer", "generator"])
def test_a_method_of_an_instance_counts(calls, owner):
    layer = Involution(16, 3)
    if owner == "layer":
        layer.aggregate = lambda values, kernels: values * 0
    else:
        layer.generator.values = lambda x: x * 0
    assert not layer(images(layer, 5, 6)).any()
    assert calls == []


def test_gradients_under_autocast_are_those_of_the_pass_forward(calls):
    layer = Involution(16, 3)
    expected = run(layer, images(layer, 5, 6))
    with torch.autocast("cpu", torch.bfloat16):
        x = images(layer, 5, 6).requires_grad_()
        with torch.autocast("cpu", enabled=False):
            y = layer.eval()(x)
        spread = torch.linspace(-1, 1, y.numel()).view_as(y)
        found = torch.autograd.grad(y, [x, *layer.parameters()], spread)
    assert calls == ["forward", "backward", "forward"]
    for one, other in zip(found, expected[1:], strict=True):
        torch.testing.assert_close(one, other, atol=2e-5, rtol=2e-5)


def test_a_negated_view_is_read_as_it_is(calls):
    layer = Involution(16, 3).eval()
    x = images(layer, 5, 6)
    torch.testing.assert_close(layer(torch._neg_view(x)), layer(-x))


class Halved(BottleneckGenerator):
    def forward(self, x):
        return super().forward(x) / 2


class Thrice(Involution):
    def aggregate(self, values, kernels):
        return 3 * super().aggregate(values, kernels)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Involution(16, 3, generator=Halved),
        lambda: Thrice(16, 3),
        lambda: Involution(16, 3, generator="attention"),
        lambda: Involution(16, 3, backend="shift"),
        lambda: Involution(16, 3, dtype=torch.bfloat16),
    ],
)
def test_what_is_not_the_layers_own_runs_apart(calls, make):
    layer = make()
    layer(images(layer, 5, 6).to(next(layer.parameters()).dtype))
    assert calls == []


def test_whoever_looks_at_the_kernels_sees_them(calls):
    layer, seen = Involution(16, 3), []
    layer.generator.span.register_forward_hook(lambda module, given, out: seen.append(out.shape))
    x = images(layer, 5, 6)
    layer(x)
    assert seen == [(2, 1, 3, 3, 5, 6)]
    whole = nn.Sequential(Involution(16, 3))
    handle = nn.modules.module.register_module_forward_hook(lambda *_: None)
    whole(x)
    handle.remove()
    nn.utils.parametrizations.weight_norm(whole[0].generator.span)
    whole(x)
    assert calls == []


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_what_records_or_counts_sees_the_operators(calls):
    layer = Involution(16, 3).eval()
    x = images(layer, 5, 6)
    with FlopCounterMode(display=False) as counter:
        layer(x)
    aggregation = 2 * 2 * 16 * 9 * 5 * 6
    assert (
        counter.get_flop_counts()["Global"][torch.ops.involution_core.involution2d] == aggregation
    )
    torch.jit.trace(layer, x, check_trace=False)
    torch.fx.symbolic_trace(layer)(x)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16
    torch.func.vmap(layer)(x[None])
    assert calls == []


def test_gradients_of_many_at_once(calls):
    layer = Involution(4, 3, group_channels=2, dtype=torch.float64).eval()
    x = images(layer, 4, 3, dtype=torch.float64).requires_grad_()
    y = layer(x)
    spread = torch.randn(3, *y.shape, dtype=torch.float64)
    (at_once,) = torch.autograd.grad(y, x, spread, is_grads_batched=True, retain_graph=True)
    for found, one in zip(at_once, spread, strict=True):
        torch.testing.assert_close(found, torch.autograd.grad(y, x, one, retain_graph=True)[0])
    assert calls == ["forward", "backward", "backward", "backward"]
