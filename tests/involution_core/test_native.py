import itertools
import math
import mmap

import pytest
import torch
from oracle import involution2d_loops

from involution_core import Involution, build_network, involution2d
from involution_core.backends import unfold
from involution_core.backends.native import native_backend as native
from involution_core.backends.native.library import Library
from involution_core.backends.table import BACKENDS, choose_backend
from involution_core.operator.shapes import make_window

pytestmark = pytest.mark.skipif(
    not isinstance(native.KERNEL, Library), reason=f"no compiled kernel: {native.KERNEL}"
)

# (channels, group channels): vectors inside a group, groups inside a vector, and neither
GROUPINGS = [(80, 16), (48, 48), (32, 8), (32, 4), (32, 2), (16, 1), (8, 1), (24, 12)]


@pytest.fixture(params=["avx512", "avx2", "baseline"])
def instruction_set(request):
    if request.param not in native.KERNEL.instruction_sets:
        pytest.skip(f"this processor does not have {request.param}")
    before = native.KERNEL.instruction_set
    native.KERNEL.use_instruction_set(request.param)
    assert native.KERNEL.instruction_set == request.param
    yield request.param
    native.KERNEL.use_instruction_set(before)


def operands(channels, shared, size, window, dtype, batch=2):
    generator = torch.Generator().manual_seed(1)
    height, width = window.output_size(size)
    x = torch.randn(batch, channels, *size, generator=generator, dtype=dtype)
    weight = torch.randn(
        batch, channels // shared, *window.kernel_size, height, width, generator=generator,
        dtype=dtype,
    )  # fmt: skip
    grad = torch.randn(batch, channels, height, width, generator=generator, dtype=dtype)
    return x, weight, grad


@pytest.mark.parametrize(("channels", "shared"), GROUPINGS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_unfold_on_every_instruction_set(instruction_set, channels, shared, dtype):
    tolerance = 1e-4 if dtype == torch.float32 else 1e-11
    for kernel, stride, dilation, size in itertools.product(
        [1, 3, 5, 7, 9, (3, 5), 11], [1, 2], [1, 2], [(6, 7)]
    ):
        window = make_window(kernel, stride, None, dilation)
        x, weight, grad = operands(channels, shared, size, window, dtype)
        for operation, arguments in (
            ("forward", (x, weight, window)),
            ("grad_input", (grad, weight, window, size)),
            ("grad_weight", (grad, x, window, channels // shared)),
        ):
            got = getattr(native, operation)(*arguments)
            expected = getattr(unfold, operation)(*arguments)
            torch.testing.assert_close(
                got, expected, rtol=tolerance, atol=tolerance,
                msg=f"{operation}, K={kernel}, s={stride}, d={dilation}, {size}",
            )  # fmt: skip


@pytest.mark.parametrize("kernel", [3, 5, 7, 9])
@pytest.mark.parametrize("stride", [1, 2])
def test_bands_and_strips_meet(instruction_set, kernel, stride):
    """Maps larger than the parts in which they are made, which divide neither side."""
    window, size = make_window(kernel, stride), (43, 41 * stride)
    x, weight, grad = operands(48, 16, size, window, torch.float32, batch=1)
    for operation, arguments in (
        ("forward", (x, weight, window)),
        ("grad_input", (grad, weight, window, size)),
        ("grad_weight", (grad, x, window, 3)),
    ):
        got = getattr(native, operation)(*arguments)
        expected = getattr(unfold, operation)(*arguments)
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4, msg=operation)


@pytest.mark.parametrize(("channels", "shared"), [(16, 16), (16, 1), (16, 4), (12, 3)])
def test_equals_the_nested_loops(instruction_set, channels, shared):
    window = make_window((3, 5), 2, None, 1)
    x, weight, _ = operands(channels, shared, (5, 8), window, torch.float64)
    expected = involution2d_loops(x, weight.flatten(1, 3), (3, 5), 2, window.padding, 1)
    torch.testing.assert_close(native.forward(x, weight, window), expected)


def test_large_padding_and_windows_that_miss_the_image():
    window = make_window(3, 2, (5, 4), 3)
    x, weight, grad = operands(32, 16, (4, 3), window, torch.float64)
    torch.testing.assert_close(native.forward(x, weight, window), unfold.forward(x, weight, window))
    torch.testing.assert_close(
        native.grad_input(grad, weight, window, (4, 3)),
        unfold.grad_input(grad, weight, window, (4, 3)),
    )
    torch.testing.assert_close(
        native.grad_weight(grad, x, window, 2), unfold.grad_weight(grad, x, window, 2)
    )


@pytest.mark.parametrize("shared", [16, 4, 1, 3])
def test_threads_change_no_bit(shared):
    window = make_window(7)
    x, weight, grad = operands(48, shared, (17, 13), window, torch.float32, batch=3)
    groups = 48 // shared

    def everything():
        return (
            native.forward(x, weight, window),
            native.grad_input(grad, weight, window, (17, 13)),
            native.grad_weight(grad, x, window, groups),
        )

    threads = torch.get_num_threads()
    try:
        results = []
        for count in (1, 2, 5, 2):
            torch.set_num_threads(count)
            results.append(everything())
    finally:
        torch.set_num_threads(threads)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_results_keep_the_layout_that_the_kernel_wants():
    layer = Involution(64, group_channels=4).to(memory_format=torch.channels_last)
    x = torch.randn(2, 64, 9, 9).contiguous(memory_format=torch.channels_last).requires_grad_()
    weight = layer.generator(x)
    innermost = native.groups_innermost(torch.float32, 64, 16)
    order = (0, 4, 5, 2, 3, 1) if innermost else (0, 4, 5, 1, 2, 3)
    assert weight.permute(order).is_contiguous()
    by_weight = torch.autograd.grad(layer(x).sum(), layer.generator.span.weight)[0]
    assert by_weight.shape == layer.generator.span.weight.shape


@pytest.mark.parametrize("name", ["native", "shift", "unfold"])
def test_studies_compute_the_same_on_every_backend(name):
    def loss_and_gradient(backend):
        torch.manual_seed(0)
        network = build_network("rednet-small", group_channels=4, backend=backend).double()
        x = torch.randn(4, 3, 32, 32, dtype=torch.float64)
        loss = network(x).square().mean()
        return loss, torch.autograd.grad(loss, list(network.parameters()))

    loss, gradient = loss_and_gradient(name)
    expected_loss, expected_gradient = loss_and_gradient(None)
    torch.testing.assert_close(loss, expected_loss)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-6, atol=1e-9)


def test_native_is_the_default_on_the_cpu():
    assert choose_backend(None, torch.device("cpu"), torch.float32).name == "native"
    assert choose_backend(None, torch.device("meta"), torch.float32).name == "shift"


def test_native_asked_for_where_it_cannot_run_is_an_error(monkeypatch):
    x, weight = torch.randn(1, 2, 3, 3, device="meta"), torch.randn(1, 18, 3, 3, device="meta")
    with pytest.raises(ValueError, match="'native' cannot run: it runs on the CPU, not on meta"):
        involution2d(x, weight, kernel_size=3, backend="native")
    monkeypatch.setattr(native, "KERNEL", "the compiled kernel is missing")
    with pytest.raises(ValueError, match="'native' cannot run: the compiled kernel is missing"):
        involution2d(torch.randn(1, 2, 3, 3), torch.randn(1, 18, 3, 3), kernel_size=3,
                     backend="native")  # fmt: skip
    assert choose_backend(None, torch.device("cpu"), torch.float32).name == "shift"
    assert involution2d(torch.randn(1, 2, 3, 3), torch.randn(1, 18, 3, 3), kernel_size=3).shape


@pytest.mark.parametrize("shared", [16, 4])
def test_compiles_whole_and_exports(shared):
    layer = Involution(32, 3, 2, shared).eval()
    x = torch.randn(2, 32, 9, 7)
    expected = layer(x)
    torch.testing.assert_close(
        torch.compile(layer, fullgraph=True, backend="aot_eager")(x), expected
    )
    exported = torch.export.export(layer, (x,))
    torch.testing.assert_close(exported.module()(x), expected)


def test_addresses_past_two_to_the_31():
    """More than 2^31 weights, all but the last rows' zeros that take no memory."""
    size = math.ceil(math.sqrt(2**31 / (16 * 9))) + 2  # 9 taps, 16 groups of one channel
    x = torch.ones(1, size, size, 16).permute(0, 3, 1, 2)
    shape = (1, size, size, 3, 3, 16)
    memory = mmap.mmap(-1, 4 * math.prod(shape), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)  # zeros are read by the page of 2 MiB
    stored = torch.frombuffer(memory, dtype=torch.float32).view(shape)
    stored[:, -4:] = 0.5
    assert stored.numel() > 2**31
    out = native.forward(x, stored.permute(0, 5, 3, 4, 1, 2), make_window(3))
    assert out[0, :, -1, -1].tolist() == [2.0] * 16
    assert out[0, :, -2, -2].tolist() == [4.5] * 16
    inner, side, bottom, corner = 3 * (size - 2), 3 * 2, size - 2, 2
    taps = 9 * inner + 6 * (side + bottom) + 4 * corner
    assert out[:, :, -4:].double().sum().item() == 0.5 * 16 * taps
    assert not out[:, :, :-4].any()


@pytest.mark.parametrize(
    ("device", "dtype", "running"),
    [
        ("cpu", torch.float32, {"native", "shift", "unfold"}),
        ("cpu", torch.complex64, {"shift", "unfold"}),
        ("meta", torch.float32, {"shift", "unfold"}),
    ],
)
def test_every_backend_states_where_it_runs(device, dtype, running):
    reasons = {
        name: backend.unavailable(torch.device(device), dtype) for name, backend in BACKENDS.items()
    }
    assert {name for name, reason in reasons.items() if reason is None} == running
    assert reasons["triton"] == f"it runs on a CUDA device, not on {device}"
