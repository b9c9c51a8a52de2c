"""Which calls the kernel for tiles of pixels serves, and how it is launched."""

import torch
import triton

from involution_core.backends.gpu.call import Call
from involution_core.backends.gpu.kernels import INTERPRETED, tiles
from involution_core.operator.layout import is_channels_last
from involution_core.operator.shapes import Pair, Window

SIDE, CHUNK, CHANNELS = 4, 4, 16
"""Rows and columns of a tile, groups and channels of a program, by one warp: the fastest of those
tried on an H200."""
LARGEST_HALO = 256
HALF = (torch.float16,) if INTERPRETED else (torch.float16, torch.bfloat16)
"""Types of the products; the interpreter takes bfloat16's bits for integers."""


def _halo(window: Window) -> Pair:
    """Rows and columns that the windows of a tile's pixels reach."""
    axes = zip(window.kernel_size, window.stride, window.dilation, strict=True)
    height, width = ((SIDE - 1) * step + (k - 1) * apart + 1 for k, step, apart in axes)
    return height, width


def suits(call: Call) -> bool:
    """Return whether this kernel serves a call."""
    height, width = _halo(call.window)
    return (
        call.kernel == "grad_weight"
        and call.maps[0].dtype in HALF
        and call.shared >= CHANNELS
        and height * width <= LARGEST_HALO
        and all(is_channels_last(tensor) for tensor in call.maps)
        and all(tensor[0].numel() < 2**31 for tensor in call.tensors)
    )


def launch(call: Call) -> None:
    """Compute the result of a call that `suits`."""
    across = [triton.cdiv(side, SIDE) for side in call.over]
    chunks = triton.cdiv(call.groups, CHUNK)
    height, width = _halo(call.window)
    tiles.grad_weight[(call.weight.shape[0] * across[0] * across[1] * chunks,)](
        *call.tensors,
        call.groups,
        call.shared,
        *call.size,
        *call.over,
        *across,
        chunks,
        *(step for tensor in call.tensors for step in tensor.stride()),
        **call.window_constants,
        TH=SIDE,
        TW=SIDE,
        QW=width,
        Q=triton.next_power_of_2(height * width),
        C=CHANNELS,
        CHUNK=CHUNK,
        num_warps=1,
    )
