"""Memory layout of what the operators return.

A result is channels_last where the tensor that it follows is, contiguous
otherwise; the fake kernels and every backend say so through these functions.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def is_channels_last(x: Tensor) -> bool:
    """True where a 4-D tensor is stored channels innermost and not also contiguous."""
    # Asked of a permuted view, since torch.func.vmap knows contiguous tensors alone.
    return not x.is_contiguous() and x.permute(0, 2, 3, 1).is_contiguous()


def new_map(like: Tensor, shape: Sequence[int]) -> Tensor:
    """Uninitialised (N, C, H, W) in `like`'s layout, dtype and device."""
    if is_channels_last(like):
        return like.new_empty((shape[0], shape[2], shape[3], shape[1])).permute(0, 3, 1, 2)
    return like.new_empty(tuple(shape))


def map_like(like: Tensor, value: Tensor) -> Tensor:
    """`value` (N, C, H, W) in the layout of `new_map`, copied where it is not."""
    wanted = torch.channels_last if is_channels_last(like) else torch.contiguous_format
    return value.contiguous(memory_format=wanted)


def weight_order(groups_innermost: bool) -> tuple[int, ...]:
    """Axes of (N, G, Kh, Kw, Ho, Wo) in the order of a channels_last weight's storage.

    Groups lie outside the taps, as a span convolution makes them, or innermost.
    """
    return (0, 4, 5, 2, 3, 1) if groups_innermost else (0, 4, 5, 1, 2, 3)


def as_weight(stored: Tensor, groups_innermost: bool) -> Tensor:
    """A tensor whose axes are in `weight_order`, viewed as (N, G, Kh, Kw, Ho, Wo)."""
    order = weight_order(groups_innermost)
    return stored.permute([order.index(axis) for axis in range(6)])


def new_weight(like: Tensor, shape: Sequence[int], groups_innermost: bool) -> Tensor:
    """Uninitialised (N, G, Kh, Kw, Ho, Wo): channels innermost where `like` has them so."""
    if is_channels_last(like):
        stored = [shape[axis] for axis in weight_order(groups_innermost)]
        return as_weight(like.new_empty(stored), groups_innermost)
    return like.new_empty(tuple(shape))


def weight_like(like: Tensor, value: Tensor, groups_innermost: bool) -> Tensor:
    """`value` (N, G, Kh, Kw, Ho, Wo) in the layout of `new_weight`, copied where it is not."""
    if not is_channels_last(like):
        return value.contiguous()
    stored = value.permute(weight_order(groups_innermost))
    return as_weight(stored.contiguous(), groups_innermost)


def inside_out(rows: Tensor, outer: int) -> Tensor:
    """Rows that lie in the order (outer, inner), in the order (inner, outer): so a span's groups
    come inside its taps, and by the number of taps back."""
    return rows.unflatten(0, (outer, -1)).transpose(0, 1).flatten(0, 1)
