"""The operator and its adjoints on the Triton kernels.

Every memory layout is accepted. Shapes: x (N, C, H, W), weight (N, G, Kh, Kw, Ho, Wo),
output (N, C, Ho, Wo).
"""

from importlib.util import find_spec

import torch
from torch import Tensor

from involution_core.backends.gpu.call import Call
from involution_core.backends.gpu.kernels import INTERPRETED
from involution_core.operator.layout import new_map, new_weight
from involution_core.operator.shapes import Pair, Window

TYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
HAS_TRITON = find_spec("triton") is not None


def unavailable(device: torch.device, dtype: torch.dtype) -> str | None:
    """Why the kernel cannot run for tensors like these; None where it can."""
    if device.type != "cuda" and not (INTERPRETED and device.type == "cpu"):
        return f"it runs on a CUDA device, not on {device.type}"
    if dtype not in TYPES:
        return f"it computes float32, float16, bfloat16 and float64, not {dtype}"
    return None if HAS_TRITON else "the package triton is not installed"


def _launch(call: Call) -> None:
    """Run a call on the fastest kernels that serve it."""
    # Triton takes its time to load, and is loaded only where it is used.
    from involution_core.backends.gpu import plain, rows, tiles

    if call.tensors[2].numel() == 0:
        return
    if rows.suits(call):
        rows.launch(call)
    elif tiles.suits(call):
        tiles.launch(call)
    else:
        plain.launch(call)


def forward(x: Tensor, weight: Tensor, window: Window) -> Tensor:
    """Y = sum over the window of weight * x, (N, C, Ho, Wo)."""
    n, channels, height, width = x.shape
    out = new_map(x, (n, channels, *weight.shape[4:]))
    _launch(Call("forward", (x, weight, out), (height, width), window))
    return out


def grad_input(grad: Tensor, weight: Tensor, window: Window, size: Pair) -> Tensor:
    """Gradient by x, (N, C, H, W) with (H, W) = `size`."""
    n, channels = grad.shape[:2]
    out = new_map(grad, (n, channels, *size))
    _launch(Call("grad_input", (grad, weight, out), size, window))
    return out


def grad_weight(grad: Tensor, x: Tensor, window: Window, groups: int) -> Tensor:
    """Gradient by weight, (N, G, Kh, Kw, Ho, Wo)."""
    n, channels, height, width = x.shape
    shape = (n, groups, *window.kernel_size, *grad.shape[2:])
    out = new_weight(grad, shape, groups_innermost(grad.dtype, channels, groups))
    _launch(Call("grad_weight", (grad, x, out), (height, width), window))
    return out


def groups_innermost(dtype: torch.dtype, channels: int, groups: int) -> bool:
    """Return whether neighbouring threads read neighbouring groups, rather than taps."""
    return channels // groups < 16
