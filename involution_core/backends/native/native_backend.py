"""The operator and its adjoints on the compiled kernel.

It works channels innermost; other layouts are copied to that and back. float16 and bfloat16 are
computed in float32. Shapes: x (N, C, H, W), weight (N, G, Kh, Kw, Ho, Wo), output (N, C, Ho, Wo).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from involution_core.backends.native.library import SUFFIXES, Library, load
from involution_core.operator.layout import as_weight, weight_order
from involution_core.operator.shapes import Pair, Window

KERNEL = load()
NARROW_GROUPS = (1, 2, 4, 8)
HALVES = (torch.float16, torch.bfloat16)


def unavailable(device: torch.device, dtype: torch.dtype) -> str | None:
    """Why the kernel cannot run for tensors like these; None where it can."""
    if device.type != "cpu":
        return f"it runs on the CPU, not on {device.type}"
    if dtype not in SUFFIXES and dtype not in HALVES:
        return f"it computes float64, float32, float16 and bfloat16, not {dtype}"
    return KERNEL if isinstance(KERNEL, str) else None


def groups_innermost(dtype: torch.dtype, channels: int, groups: int) -> bool:
    """Return whether the kernel wants the weights as [tap][group] rather than [group][tap].

    It does where several groups share a vector register.
    """
    if isinstance(KERNEL, str):
        return False
    lanes = KERNEL.lanes(_computed(dtype))
    shared = channels // groups
    return shared in NARROW_GROUPS and shared < lanes and channels % lanes == 0


def _computed(dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if dtype in HALVES else dtype


def channels_innermost(x: Tensor) -> Tensor:
    """x in the type of computation, as (N, H, W, C) in that order of memory; the strides of sizes
    of 1 may be any."""
    return _stored(x).permute(0, 2, 3, 1)


def _stored(x: Tensor) -> Tensor:
    """A map in the type of computation and with its channels innermost in memory: itself, where it
    is so."""
    return _as_computed(x).contiguous(memory_format=torch.channels_last)


def _weight(weight: Tensor, innermost: bool) -> Tensor:
    return _as_computed(weight).permute(weight_order(innermost)).contiguous()


def _as_computed(x: Tensor) -> Tensor:
    computed = _computed(x.dtype)
    return x if x.dtype is computed else x.to(computed)


def _output(source: Tensor, *shape: int) -> Tensor:
    """Uninitialised (N, C, H, W), channels innermost."""
    return torch.empty(
        shape, dtype=source.dtype, device=source.device, memory_format=torch.channels_last
    )


def shape_of(
    batch: int, size: Pair, channels: int, groups: int, window: Window, output: Sequence[int]
) -> list[int]:
    """The fields that the kernel reads; see `Shape` in kernel.cpp.

    The output's size (Ho, Wo) may be less than the window makes of the input's, (H, W), and the
    padding less than none: then a part of the output is meant.
    """
    return [
        batch,
        *size,
        channels,
        groups,
        *window.kernel_size,
        *window.stride,
        *window.padding,
        *window.dilation,
        *output,
    ]


def call_kernel(operation: str, shape: list[int], innermost: bool, *tensors: Tensor) -> None:
    """Run an operation of the kernel for contiguous tensors, the last of which it writes."""
    assert isinstance(KERNEL, Library), "the backend's table entry says where it can run"
    addresses = [tensor.data_ptr() for tensor in tensors]
    KERNEL.call(operation, tensors[0].dtype, [*shape, int(innermost)], *addresses)


def forward(x: Tensor, weight: Tensor, window: Window) -> Tensor:
    """Y = sum over the window of weight * x, (N, C, Ho, Wo)."""
    n, channels, height, width = x.shape
    groups = weight.shape[1]
    innermost = groups_innermost(x.dtype, channels, groups)
    source, weights = _stored(x), _weight(weight, innermost)
    out = _output(source, n, channels, *weight.shape[4:])
    shape = shape_of(n, (height, width), channels, groups, window, weight.shape[4:])
    call_kernel("forward", shape, innermost, source, weights, out)
    return out.to(x.dtype)


def grad_input(grad: Tensor, weight: Tensor, window: Window, size: Pair) -> Tensor:
    """Gradient by x, (N, C, H, W) with (H, W) = `size`."""
    n, channels = grad.shape[:2]
    groups = weight.shape[1]
    innermost = groups_innermost(grad.dtype, channels, groups)
    source, weights = _stored(grad), _weight(weight, innermost)
    out = _output(source, n, channels, *size)
    shape = shape_of(n, size, channels, groups, window, grad.shape[2:])
    call_kernel("grad_input", shape, innermost, source, weights, out)
    return out.to(grad.dtype)


def grad_weight(grad: Tensor, x: Tensor, window: Window, groups: int) -> Tensor:
    """Gradient by weight, (N, G, Kh, Kw, Ho, Wo)."""
    n, channels, height, width = x.shape
    innermost = groups_innermost(grad.dtype, channels, groups)
    spread, source = _stored(grad), _stored(x)
    logical = (n, groups, *window.kernel_size, *grad.shape[2:])
    out = source.new_empty([logical[axis] for axis in weight_order(innermost)])
    shape = shape_of(n, (height, width), channels, groups, window, grad.shape[2:])
    call_kernel("grad_weight", shape, innermost, spread, source, out)
    return as_weight(out, innermost).to(grad.dtype)
