from functools import partial

import pytest
import torch
import torch.nn.functional as F
from attention import global_attention, local_attention_loops

from involution_core import AttentionGenerator, Involution, attention_kernel, build_network
from involution_core.backends.table import BACKENDS
from involution_core.generators.factories import generator_factory

CHANNELS = 6
KINDS = ["softmax", "none"]
RUNNABLE = [
    name
    for name, backend in BACKENDS.items()
    if backend.unavailable(torch.device("cpu"), torch.float32) is None
]


def attention(kernel, heads=2, stride=1, kind="softmax", backend=None, channels=CHANNELS):
    """An attention layer in float64 whose three maps differ, and those maps as matrices."""
    torch.manual_seed(1)
    generator = partial(AttentionGenerator, normalize=kind, backend=backend)
    layer = Involution(
        channels, kernel, stride, channels // heads, generator=generator, backend=backend
    ).double()
    maps = [layer.generator.query, layer.generator.key, layer.generator.value]
    for conv in maps:
        torch.nn.init.normal_(conv.weight)
    return layer, maps


def inputs(*size, batch=2, channels=CHANNELS):
    torch.manual_seed(2)
    return torch.randn(batch, channels, *size, dtype=torch.float64)


def matrices(maps):
    return [conv.weight.flatten(1) for conv in maps]


def same_with_gradients(layer, maps, x, expected_of):
    """Output, and gradients by input and by all parameters, against those of expected_of(x)."""
    results = []
    for function in (layer, expected_of):
        source = x.clone().requires_grad_()
        out = function(source)
        grad = torch.randn(out.shape, generator=torch.Generator().manual_seed(3), dtype=x.dtype)
        by = [source, *(conv.weight for conv in maps)]
        results.append((out, *torch.autograd.grad(out, by, grad)))
    for got, expected in zip(*results, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("heads", [1, 2, CHANNELS])
@pytest.mark.parametrize(("size", "kernel"), [((4, 5), 9), ((5, 3), 11), ((1, 1), 1)])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_window_over_the_whole_map_is_attention_over_all_positions(
    kind, heads, size, kernel, stride
):
    layer, maps = attention(kernel, heads, stride, kind)

    def expected(x):
        queried = F.avg_pool2d(x, stride, ceil_mode=True)
        return global_attention(x, queried, matrices(maps), heads, kind)

    same_with_gradients(layer, maps, inputs(*size), expected)


@pytest.mark.parametrize("backend", RUNNABLE)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("kernel", "stride", "heads"), [(3, 1, 2), (3, 2, 3), (5, 1, 1), (5, 3, 6)]
)
def test_a_window_equals_the_nested_loops(kernel, stride, heads, kind, backend):
    layer, maps = attention(kernel, heads, stride, kind, backend)
    x = inputs(4, 5, batch=1)
    expected = local_attention_loops(x, matrices(maps), heads, kernel, stride, kind)
    torch.testing.assert_close(layer(x), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_positions_outside_weigh_nothing_and_softmax_sums_to_one(kind, stride):
    layer, _ = attention(5, 2, stride, kind)
    x = inputs(4, 3)
    weight = layer.generator(x)
    inside = F.unfold(torch.ones(1, 1, 4, 3), 5, padding=2, stride=stride)
    inside = inside.view(1, 1, 5, 5, *weight.shape[4:]) > 0
    assert not inside.all()
    assert (weight[~inside.expand_as(weight)] == 0).all()
    assert (weight[inside.expand_as(weight)] != 0).all()
    if kind == "softmax":
        torch.testing.assert_close(weight.sum((2, 3)), torch.ones_like(weight[:, :, 0, 0]))


def test_large_scores_do_not_overflow():
    layer, maps = attention(3)
    with torch.no_grad():
        maps[0].weight *= 1e4
    x = inputs(4, 5).requires_grad_()
    out = layer(x)
    out.sum().backward()
    assert out.isfinite().all() and x.grad.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stride", [1, 2])
def test_gradcheck(kind, stride):
    layer, maps = attention(3, 2, stride, kind)
    x = inputs(3, 4, batch=1).requires_grad_()

    def function(x, *weights):
        names = ("query", "key", "value")
        parameters = {f"generator.{n}.weight": w for n, w in zip(names, weights, strict=True)}
        return torch.func.functional_call(layer, parameters, (x,))

    weights = [conv.weight.detach().requires_grad_() for conv in maps]
    assert torch.autograd.gradcheck(function, (x, *weights), nondet_tol=0)
    assert torch.autograd.gradgradcheck(function, (x, *weights), nondet_tol=0)


# Groups outside the taps in the weight's storage, and innermost.
@pytest.mark.parametrize(("channels", "heads"), [(CHANNELS, 2), (32, 2), (32, 16)])
@pytest.mark.parametrize("kind", KINDS)
def test_channels_last_gives_the_same_and_stays_channels_last(channels, heads, kind):
    layer, maps = attention(5, heads, 2, kind, channels=channels)
    x = inputs(6, 5, channels=channels)
    last = x.contiguous(memory_format=torch.channels_last)
    assert layer(last).is_contiguous(memory_format=torch.channels_last)
    same_with_gradients(
        lambda x: layer(x.contiguous(memory_format=torch.channels_last)), maps, x, layer
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_empty_batch(kind, memory_format):
    layer, maps = attention(3, 2, 2, kind)
    x = inputs(5, 7, batch=0).contiguous(memory_format=memory_format).requires_grad_()
    out = layer(x)
    assert out.shape == (0, CHANNELS, 3, 4)
    out.sum().backward()
    assert x.grad.shape == x.shape
    assert all((conv.weight.grad == 0).all() for conv in maps)


def test_no_copy_of_the_windows_is_made():
    layer, _ = attention(7, 1)
    largest = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            largest.append(max(t.numel() for t in (out if isinstance(out, tuple) else (out,))))
            return out

    with torch.no_grad(), Watch():
        layer(inputs(8, 8, batch=1))
    assert max(largest) == 8 * 8 * 49  # the weights of one head; the windows have six times that


def test_autocast_and_half_types():
    layer, _ = attention(3)
    layer, x = layer.float(), inputs(4, 5).float()
    expected = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        got = layer(x)
    assert got.dtype == torch.bfloat16
    torch.testing.assert_close(got.float(), expected, rtol=0.1, atol=0.1)


def test_compiles_whole_and_exports():
    layer, x = attention(3, 2, 2)[0].float().eval(), inputs(9, 7).float()
    expected = layer(x)
    torch.testing.assert_close(
        torch.compile(layer, fullgraph=True, backend="aot_eager")(x), expected
    )
    exported = torch.export.export(layer, (x,))
    torch.testing.assert_close(exported.module()(x), expected)


def test_the_maps_are_its_only_parameters():
    layer, _ = attention(7)
    assert {key: tuple(value.shape) for key, value in layer.state_dict().items()} == {
        f"generator.{name}.weight": (CHANNELS, CHANNELS, 1, 1) for name in ("query", "key", "value")
    }
    assert not any("value" in key for key in Involution(32).state_dict())


def test_the_form_is_softmax_attention_on_the_networks_backend():
    network = build_network("rednet-small", generator="attention", backend="shift")
    generators = [m for m in network.modules() if isinstance(m, AttentionGenerator)]
    assert [(g.normalize, g.backend) for g in generators] == [("softmax", "shift")] * 2
    assert generator_factory("attention")(8, 3, 2, 1).backend is None


def test_a_network_starts_with_scores_of_ordinary_size():
    torch.manual_seed(0)
    network = build_network("rednet-small", generator="attention")
    seen = []
    for module in network.modules():
        if isinstance(module, AttentionGenerator):
            module.register_forward_hook(lambda m, i, out: seen.append(out.flatten(2, 3)))
    network(torch.randn(8, 3, 32, 32))
    for weights in seen:
        largest = weights.amax(2).mean()
        assert 1 / 49 < largest < 0.5  # neither an average nor a choice of one pixel


def kernel(**changes):
    query, key = torch.zeros(2, 6, 3, 3), torch.zeros(2, 6, 5, 6)
    arguments = {"query": query, "key": key, "kernel_size": 3, "groups": 2, "stride": 2} | changes
    return attention_kernel(arguments.pop("query"), arguments.pop("key"), **arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"normalize": "sum"}, "normalize must be one of softmax, none, got 'sum'"),
        ({"kernel_size": 4}, "kernel_size must be odd unless padding is given, got 4"),
        ({"stride": 1}, r"query must have shape \(2, 6, 5, 6\), got \(2, 6, 3, 3\)"),
        ({"query": torch.zeros(2, 4, 3, 3)}, r"query must have shape \(2, 6, 3, 3\)"),
        ({"query": torch.zeros(1, 6, 3, 3)}, r"query must have shape \(2, 6, 3, 3\)"),
        ({"key": torch.zeros(6, 5, 6)}, r"key must have 4 dimensions \(N, C, H, W\)"),
        ({"groups": 4}, "groups must divide C=6, got 4"),
        ({"groups": 0}, "groups must divide C=6, got 0"),
        ({"query": torch.zeros(2, 6, 3, 3).double()}, "must be of one floating point type, got"),
        ({"query": torch.zeros(2, 6, 3, 3, device="meta")}, "query must be on key's device cpu"),
        ({"backend": "cuda"}, "backend must be one of triton, native, shift, unfold, got 'cuda'"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    assert kernel().shape == (2, 2, 3, 3, 3, 3)
    with pytest.raises(ValueError, match=message):
        kernel(**change)


def test_a_wrong_normalization_is_named_by_the_generator():
    with pytest.raises(ValueError, match="normalize must be one of softmax, none, got 'max'"):
        AttentionGenerator(8, 3, 2, normalize="max")
