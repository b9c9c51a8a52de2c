"""The operator and its adjoints on the compiled kernel.

It works channels innermost; other layouts are copied to that and back. float16 and bfloat16 are
computed in float32. Shapes: x (N, C, H, W), weight (N, G, Kh, Kw, Ho, Wo), output (N, C, Ho, Wo).
"""

import torch
from torch import Tensor

from involution_core.backends.native.library import SUFFIXES, Library, load
from involution_core.layout import as_weight, weight_order
from involution_core.shapes import Pair, Window

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
    """Whether the kernel wants the weights as [tap][group] rather than [group][tap].

    It does where several groups share a vector register.
    """
    if isinstance(KERNEL, str):
        return False
    lanes = KERNEL.lanes(_computed(dtype))
    shared = channels // groups
    return shared in NARROW_GROUPS and shared < lanes and channels % lanes == 0


def _computed(dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if dtype in HALVES else dtype


def _map(x: Tensor) -> Tensor:
    """x in the type of computation, as contiguous (N, H, W, C)."""
    return x.to(_computed(x.dtype)).permute(0, 2, 3, 1).contiguous()


def _weight(weight: Tensor, innermost: bool) -> Tensor:
    return weight.to(_computed(weight.dtype)).permute(weight_order(innermost)).contiguous()


def _shape(size: Pair, channels: int, groups: int, window: Window, batch: int) -> list[int]:
    """The fields that the kernel reads; see `Shape` in kernel.cpp."""
    return [
        batch,
        *size,
        channels,
        groups,
        *window.kernel_size,
        *window.stride,
        *window.padding,
        *window.dilation,
        *window.output_size(size),
    ]


def _run(operation: str, shape: list[int], innermost: bool, *tensors: Tensor) -> None:
    assert isinstance(KERNEL, Library), "the backend's table entry says where it can run"
    addresses = [tensor.data_ptr() for tensor in tensors]
    KERNEL.call(operation, tensors[0].dtype, [*shape, int(innermost)], *addresses)


def forward(x: Tensor, weight: Tensor, window: Window) -> Tensor:
    """Y = sum over the window of weight * x, (N, C, Ho, Wo)."""
    n, channels, height, width = x.shape
    groups = weight.shape[1]
    innermost = groups_innermost(x.dtype, channels, groups)
    source, weights = _map(x), _weight(weight, innermost)
    out = source.new_empty((n, *weight.shape[4:], channels))
    shape = _shape((height, width), channels, groups, window, n)
    _run("forward", shape, innermost, source, weights, out)
    return out.permute(0, 3, 1, 2).to(x.dtype)


def grad_input(grad: Tensor, weight: Tensor, window: Window, size: Pair) -> Tensor:
    """Gradient by x, (N, C, H, W) with (H, W) = `size`."""
    n, channels = grad.shape[:2]
    groups = weight.shape[1]
    innermost = groups_innermost(grad.dtype, channels, groups)
    source, weights = _map(grad), _weight(weight, innermost)
    out = source.new_empty((n, *size, channels))
    shape = _shape(size, channels, groups, window, n)
    _run("grad_input", shape, innermost, source, weights, out)
    return out.permute(0, 3, 1, 2).to(grad.dtype)


def grad_weight(grad: Tensor, x: Tensor, window: Window, groups: int) -> Tensor:
    """Gradient by weight, (N, G, Kh, Kw, Ho, Wo)."""
    n, channels, height, width = x.shape
    innermost = groups_innermost(grad.dtype, channels, groups)
    spread, source = _map(grad), _map(x)
    logical = (n, groups, *window.kernel_size, *grad.shape[2:])
    out = source.new_empty([logical[axis] for axis in weight_order(innermost)])
    shape = _shape((height, width), channels, groups, window, n)
    _run("grad_weight", shape, innermost, spread, source, out)
    return as_weight(out, innermost).to(grad.dtype)
