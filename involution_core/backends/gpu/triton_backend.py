"""The operator and its adjoints on the Triton kernel.

It takes every memory layout as it is. Shapes: x (N, C, H, W), weight (N, G, Kh, Kw, Ho, Wo),
output (N, C, Ho, Wo).
"""

import os
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from involution_core.layout import is_channels_last, new_map, new_weight
from involution_core.shapes import Pair, Window

TYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
HAS_TRITON = find_spec("triton") is not None
TILE = 1024
"""Values of a tile."""
LARGEST_CHANNEL_BLOCK = 64


def unavailable(device: torch.device, dtype: torch.dtype) -> str | None:
    """Why the kernel cannot run for tensors like these; None where it can."""
    if device.type != "cuda" and not (INTERPRETED and device.type == "cpu"):
        return f"it runs on a CUDA device, not on {device.type}"
    if dtype not in TYPES:
        return f"it computes float32, float16, bfloat16 and float64, not {dtype}"
    return None if HAS_TRITON else "the package triton is not installed"


def _power(value: int, largest: int) -> int:
    """The least power of two that holds `value`, at most `largest`."""
    return min(1 << (value - 1).bit_length(), largest)


def _blocks(groups: int, shared: int, spread_last: bool) -> dict[str, Any]:
    """Sizes of a tile: neighbours in memory first, so that loads are of whole lines."""
    channels = _power(shared, LARGEST_CHANNEL_BLOCK)
    many = 64 if spread_last else 4
    grouped = _power(groups, max(1, many // channels))
    return {"P": max(1, TILE // (channels * grouped)), "G": grouped, "C": channels}


def _launch(
    kernel: str,
    tensors: tuple[Tensor, Tensor, Tensor],
    groups: int,
    channels: int,
    size: Pair,
    window: Window,
    pixels: int,
) -> None:
    # Triton takes its time to load, and is loaded only where it is used.
    import triton
    import triton.language as tl

    from involution_core.backends.gpu import triton_kernels as kernels

    if tensors[2].numel() == 0:
        return
    shared = channels // groups
    blocks = _blocks(groups, shared, is_channels_last(tensors[0]))
    grid = (
        triton.cdiv(pixels, blocks["P"]),
        triton.cdiv(groups, blocks["G"]),
        1 if kernel == "grad_weight" else triton.cdiv(shared, blocks["C"]),
    )
    getattr(kernels, kernel)[grid](
        *tensors,
        groups,
        shared,
        *size,
        *window.output_size(size),
        pixels,
        *(step for tensor in tensors for step in tensor.stride()),
        *window.kernel_size,
        *window.stride,
        *window.padding,
        *window.dilation,
        **blocks,
        ACC=tl.float64 if tensors[0].dtype == torch.float64 else tl.float32,
    )


def forward(x: Tensor, weight: Tensor, window: Window) -> Tensor:
    """Y = sum over the window of weight * x, (N, C, Ho, Wo)."""
    n, channels, height, width = x.shape
    out = new_map(x, (n, channels, *weight.shape[4:]))
    pixels = n * out.shape[2] * out.shape[3]
    _launch("forward", (x, weight, out), weight.shape[1], channels, (height, width), window, pixels)
    return out


def grad_input(grad: Tensor, weight: Tensor, window: Window, size: Pair) -> Tensor:
    """Gradient by x, (N, C, H, W) with (H, W) = `size`."""
    n, channels = grad.shape[:2]
    out = new_map(grad, (n, channels, *size))
    pixels = n * size[0] * size[1]
    _launch("grad_input", (grad, weight, out), weight.shape[1], channels, size, window, pixels)
    return out


def grad_weight(grad: Tensor, x: Tensor, window: Window, groups: int) -> Tensor:
    """Gradient by weight, (N, G, Kh, Kw, Ho, Wo)."""
    n, channels, height, width = x.shape
    shape = (n, groups, *window.kernel_size, *grad.shape[2:])
    out = new_weight(grad, shape, groups_innermost(grad.dtype, channels, groups))
    pixels = n * grad.shape[2] * grad.shape[3]
    _launch("grad_weight", (grad, x, out), groups, channels, (height, width), window, pixels)
    return out


def groups_innermost(dtype: torch.dtype, channels: int, groups: int) -> bool:
    """Whether neighbouring threads read neighbouring groups, rather than taps."""
    return channels // groups < 16
