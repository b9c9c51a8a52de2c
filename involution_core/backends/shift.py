"""Involution as K^2 shifted multiply-accumulates: every device and dtype, no K^2 copies.

Each tap of the window is one view of the padded input, shifted and strided,
times one plane of the weight. float16 and bfloat16 accumulate in float32.
`forward` and `grad_weight` are differentiable, and sizes may be symbols.
Shapes: x (N, C, H, W), weight (N, G, Kh, Kw, Ho, Wo), output (N, C, Ho, Wo).
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from involution_core.operator.shapes import Pair, Window


def _accumulated(x: Tensor) -> Tensor:
    """x in the type that sums are held in."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _padded(x: Tensor, window: Window) -> Tensor:
    pad_h, pad_w = window.padding
    return F.pad(_accumulated(x), (pad_w, pad_w, pad_h, pad_h)).contiguous()


def _grouped(x: Tensor, groups: int) -> Tensor:
    """(N, C, H, W) -> (N, G, C/G, H, W), contiguous, in the accumulation type."""
    return _accumulated(x).contiguous().unflatten(1, (groups, x.shape[1] // groups))


def _shifts(window: Window, axis: int) -> list[slice]:
    """The part of the padded input's axis that each tap meets, all of the output's length.

    Ends are counted from the end of the axis, not from its start: exported graphs leave the size
    open.
    """
    step, stride = window.dilation[axis], window.stride[axis]
    starts = [step * tap for tap in range(window.kernel_size[axis])]
    return [slice(start, (start - starts[-1]) or None, stride) for start in starts]


def _taps(window: Window) -> Iterator[tuple[int, int, slice, slice]]:
    """(u, v, rows, columns): the part of the padded input that tap (u, v) meets."""
    for u, rows in enumerate(_shifts(window, 0)):
        for v, columns in enumerate(_shifts(window, 1)):
            yield u, v, rows, columns


def forward(x: Tensor, weight: Tensor, window: Window) -> Tensor:
    """Y = sum over the window of weight * x, (N, C, Ho, Wo)."""
    groups = weight.shape[1]
    source = _padded(x, window).unflatten(1, (groups, x.shape[1] // groups))
    planes = _accumulated(weight).contiguous()
    (u, v, rows, columns), *others = _taps(window)
    out = planes[:, :, u, v].unsqueeze(2) * source[..., rows, columns]
    for u, v, rows, columns in others:
        out.addcmul_(planes[:, :, u, v].unsqueeze(2), source[..., rows, columns])
    return out.flatten(1, 2).to(x.dtype)


def grad_input(grad: Tensor, weight: Tensor, window: Window, size: Pair) -> Tensor:
    """Gradient by x, (N, C, H, W) with (H, W) = `size`."""
    (height, width), (pad_h, pad_w) = size, window.padding
    spread = _grouped(grad, weight.shape[1])
    planes = _accumulated(weight).contiguous()
    out = spread.new_zeros(*spread.shape[:3], height + 2 * pad_h, width + 2 * pad_w)
    for u, v, rows, columns in _taps(window):
        out[..., rows, columns].addcmul_(planes[:, :, u, v].unsqueeze(2), spread)
    inner = out[..., pad_h : pad_h + height, pad_w : pad_w + width]
    return inner.flatten(1, 2).to(grad.dtype)


def grad_weight(grad: Tensor, x: Tensor, window: Window, groups: int) -> Tensor:
    """Gradient by weight, (N, G, Kh, Kw, Ho, Wo)."""
    spread = _grouped(grad, groups)
    source = _padded(x, window).unflatten(1, (groups, x.shape[1] // groups))
    by_tap = [
        (spread * source[..., rows, columns]).sum(2).to(x.dtype)
        for _, _, rows, columns in _taps(window)
    ]
    return torch.stack(by_tap, 2).unflatten(2, window.kernel_size)
