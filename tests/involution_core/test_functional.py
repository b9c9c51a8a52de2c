import itertools
from functools import lru_cache

import pytest
import torch
from allpairspy import AllPairs
from oracle import involution2d_loops
from torch.utils.flop_counter import FlopCounterMode

from involution_core import involution2d
from involution_core.backends.table import BACKENDS
from involution_core.operator.operators import grad_input_op, grad_weight_op, involution2d_op
from involution_core.operator.shapes import make_window

CHANNELS = 6
RUNNABLE = [
    name
    for name, backend in BACKENDS.items()
    if backend.unavailable(torch.device("cpu"), torch.float32) is None
]


def operands(kernel, stride, dilation, size, group_channels, batch=2, dtype=torch.float64):
    window = make_window(kernel, stride, None, dilation)
    height, width = window.output_size(size)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, CHANNELS, *size, generator=generator, dtype=torch.float64)
    taps = CHANNELS // group_channels * window.taps
    weight = torch.randn(batch, taps, height, width, generator=generator, dtype=torch.float64)
    return x.to(dtype), weight.to(dtype), window


GRID_CHANNELS = 16
TOLERANCES = {
    torch.float64: 1e-12,
    torch.float32: 1e-5,
    torch.float16: 4e-3,
    torch.bfloat16: 3e-2,
}


@lru_cache
def grid_case(kernel, stride, dilation, size, shared):
    """x and weight of three images, of values that every type holds, and what the loops make."""
    window = make_window(kernel, stride, None, dilation)
    generator = torch.Generator().manual_seed(0)

    def values(*shape):
        drawn = torch.randn(shape, generator=generator).clamp(-3, 3)
        return drawn.mul(16).round().div(16).double()

    x = values(3, GRID_CHANNELS, *size)
    taps = GRID_CHANNELS // shared * window.taps
    weight = values(3, taps, *window.output_size(size)) / window.taps**0.5
    weight = weight.to(torch.bfloat16).double()
    return (
        x,
        weight,
        involution2d_loops(x, weight, window.kernel_size, stride, window.padding, dilation),
    )


LAYOUTS = {
    "contiguous": lambda x: x,
    "channels_last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "sliced": lambda x: torch.stack([x, x], -1)[..., 1],
}


KERNELS = [1, 3, 5, 7, (3, 5)]
OTHERS = {
    "stride": [1, 2, 3],
    "dilation": [1, 2],
    "size": [(5, 6), (7, 4)],
    "shared": [1, 4, GRID_CHANNELS],
    "dtype": list(TOLERANCES),
    "layout": list(LAYOUTS),
    "batch": [0, 1, 3],
}


def check_against_the_loops(
    backend, kernel, *, stride, dilation, size, shared, dtype, layout, batch
):
    x, weight, expected = grid_case(kernel, stride, dilation, size, shared)
    lay = LAYOUTS[layout]
    got = involution2d(
        lay(x[:batch].to(dtype)), lay(weight[:batch].to(dtype)),
        kernel_size=kernel, stride=stride, dilation=dilation, backend=backend,
    )  # fmt: skip
    assert got.dtype == dtype
    # unfold multiplies and sums in the type itself; the others sum halves in float32
    tolerance = TOLERANCES[dtype] * (4 if backend == "unfold" else 1)
    torch.testing.assert_close(
        got.double(), expected[:batch], rtol=tolerance, atol=tolerance,
        msg=f"stride {stride}, dilation {dilation}, {size}, {shared} group channels, {dtype}, "
        f"{layout}, batch {batch}",
    )  # fmt: skip


@pytest.mark.parametrize("backend", RUNNABLE)
@pytest.mark.parametrize("kernel", KERNELS)
def test_equals_the_nested_loops(kernel, backend):
    """For each kernel size and backend, every pair of the other parameters' values."""
    for values in AllPairs(list(OTHERS.values())):
        check_against_the_loops(backend, kernel, **dict(zip(OTHERS, values, strict=True)))


@pytest.mark.torture
@pytest.mark.parametrize("backend", RUNNABLE)
@pytest.mark.parametrize("kernel", KERNELS)
def test_equals_the_nested_loops_in_every_combination(kernel, backend):
    for values in itertools.product(*OTHERS.values()):
        check_against_the_loops(backend, kernel, **dict(zip(OTHERS, values, strict=True)))


@pytest.mark.parametrize("backend", RUNNABLE)
@pytest.mark.parametrize(
    ("stride", "dilation", "leaf"),
    [
        *itertools.product([1, 2], [1, 2], [torch.Tensor.requires_grad_]),
        (2, 1, torch.nn.Parameter),  # of which torch's operators are called
    ],
)
def test_gradients_to_second_order(backend, stride, dilation, leaf):
    x, weight, _ = operands(3, stride, dilation, (5, 4), 3)

    def function(x, weight):
        return involution2d(
            x, weight, kernel_size=3, stride=stride, dilation=dilation, backend=backend
        )

    inputs = (leaf(x), weight.requires_grad_())
    assert torch.autograd.gradcheck(function, inputs, nondet_tol=0)
    assert torch.autograd.gradgradcheck(function, inputs, nondet_tol=0)


@pytest.mark.parametrize("backend", RUNNABLE)
@pytest.mark.parametrize("layout", ["channels_last", "sliced", "expanded"])
def test_any_memory_layout(backend, layout):
    x, weight, _ = operands(3, 1, 1, (5, 6), 3)
    plain = involution2d(x, weight, kernel_size=3, backend=backend)
    if layout == "channels_last":
        x = x.contiguous(memory_format=torch.channels_last)
        weight = weight.contiguous(memory_format=torch.channels_last)
    elif layout == "sliced":
        x = torch.cat([x, x], dim=3)[..., :6]
        weight = torch.cat([weight, weight], dim=1)[:, : weight.shape[1]]
    else:
        x = x[:1].expand(2, -1, -1, -1)
        plain = involution2d(x.contiguous(), weight, kernel_size=3, backend=backend)
    got = involution2d(x, weight, kernel_size=3, backend=backend)
    torch.testing.assert_close(got, plain, rtol=0, atol=1e-12)
    if layout == "channels_last":
        assert got.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("backend", RUNNABLE)
def test_empty_batch(backend):
    x, weight, _ = operands(3, 2, 1, (5, 6), 3, batch=0)
    x.requires_grad_()
    weight.requires_grad_()
    out = involution2d(x, weight, kernel_size=3, stride=2, backend=backend)
    assert out.shape == (0, CHANNELS, 3, 3)
    out.sum().backward()
    assert x.grad.shape == x.shape and weight.grad.shape == weight.shape


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # opcheck reads it of what it clones
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_registrations_hold(memory_format):
    x, weight, window = operands(3, 2, 1, (5, 6), 3, dtype=torch.float32)
    x = x.contiguous(memory_format=memory_format).requires_grad_()
    taps = weight.contiguous(memory_format=memory_format).unflatten(1, (2, 3, 3)).requires_grad_()
    rest = (window.stride, window.padding, window.dilation, "shift")
    grad = torch.randn(2, CHANNELS, 3, 3).contiguous(memory_format=memory_format).requires_grad_()
    torch.library.opcheck(involution2d_op, (x, taps, *rest))
    torch.library.opcheck(grad_input_op, (grad, taps, x.shape[2:], *rest))
    torch.library.opcheck(grad_weight_op, (grad, x, 2, (3, 3), *rest))


def test_autocast_computes_in_the_autocast_type():
    x, weight, _ = operands(3, 1, 1, (5, 6), 3, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        assert involution2d(x, weight, kernel_size=3).dtype == torch.bfloat16
        assert involution2d(x, weight.bfloat16(), kernel_size=3).dtype == torch.bfloat16
        double = involution2d(x.double(), weight.double(), kernel_size=3)
    assert double.dtype == torch.float64


def test_flop_counter_counts_forward_and_both_gradients():
    x, weight, _ = operands(3, 1, 1, (5, 6), 3, dtype=torch.float32)
    with FlopCounterMode(display=False) as counter:
        involution2d(x.requires_grad_(), weight.requires_grad_(), kernel_size=3).sum().backward()
    assert counter.get_total_flops() == 3 * 2 * (2 * CHANNELS * 5 * 6 * 9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel_size": 2}, "kernel_size must be odd unless padding is given, got 2"),
        ({"kernel_size": 0}, "kernel_size must be one or two integers of at least 1, got 0"),
        ({"stride": 0}, "stride must be one or two integers of at least 1, got 0"),
        ({"dilation": -1}, "dilation must be one or two integers of at least 1, got -1"),
        ({"padding": -1}, "padding must be one or two integers of at least 0, got -1"),
        ({"padding": 0, "kernel_size": 9}, "x of 5x6 is too small for kernel_size"),
        ({"stride": 2}, r"shape \(N=2, G\*9, 3, 3\) with G a divisor of C=6, got \(2, 18, 5, 6\)"),
        ({"backend": "cuda"}, "backend must be one of triton, native, shift, unfold, got 'cuda'"),
        ({"weight": torch.zeros(2, 9 * 4, 5, 6)}, "with G a divisor of C=6"),
        ({"weight": torch.zeros(2, 10, 5, 6)}, "with G a divisor of C=6"),
        ({"weight": torch.zeros(2, 0, 5, 6)}, "with G a divisor of C=6"),
        ({"weight": torch.zeros(2, 18, 5, 6, dtype=torch.float64)}, "weight must be of x's type"),
        ({"x": torch.zeros(2, 6, 5, 6).to_sparse()}, "x must be a dense tensor, got one of layout"),
        ({"weight": torch.zeros(2, 18, 5, 6).to_mkldnn()}, "weight must be a dense tensor"),
        ({"weight": torch.zeros(2, 18, 5, 6, device="meta")}, "weight must be on x's device cpu"),
        ({"x": torch.zeros(6, 5, 6)}, r"x must have 4 dimensions \(N, C, H, W\)"),
        ({"x": torch.zeros(2, 6, 5, 6, dtype=torch.int64)}, "x must be of a floating point type"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    x, weight, _ = operands(3, 1, 1, (5, 6), 3, dtype=torch.float32)
    with pytest.raises(ValueError, match=message):
        involution2d(**({"x": x, "weight": weight, "kernel_size": 3} | change))
