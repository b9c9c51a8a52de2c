"""Memory layout of what the operators return.

A result is channels_last where the tensor that it follows is, contiguous
otherwise; the fake kernels and every backend say so through these functions.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def is_channels_last(x: Tensor) -> bool:
    """True where a 4-D tensor is stored channels innermost and not also contiguous."""
    return x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()


def new_map(like: Tensor, shape: Sequence[int]) -> Tensor:
    """Uninitialised (N, C, H, W) in `like`'s layout, dtype and device."""
    if is_channels_last(like):
        return like.new_empty((shape[0], shape[2], shape[3], shape[1])).permute(0, 3, 1, 2)
    return like.new_empty(tuple(shape))


def new_weight(like: Tensor, shape: Sequence[int]) -> Tensor:
    """Uninitialised (N, G, Kh, Kw, Ho, Wo) that flattens, without a copy, to a
    (N, G*Kh*Kw, Ho, Wo) in `like`'s layout."""
    if is_channels_last(like):
        n, groups, kernel_h, kernel_w, height, width = shape
        stored = like.new_empty((n, height, width, groups, kernel_h, kernel_w))
        return stored.permute(0, 3, 4, 5, 1, 2)
    return like.new_empty(tuple(shape))
