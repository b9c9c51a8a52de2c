"""The formulation of the paper and the slides: unfold, multiply, sum. The ground truth.

It copies the input K^2 times; `shift.py` computes the same without the copies.
Shapes: x (N, C, H, W), weight (N, G, Kh, Kw, Ho, Wo), output (N, C, Ho, Wo).
"""

import torch.nn.functional as F
from torch import Tensor

from involution_core.operator.shapes import Pair, Window


def _patches(x: Tensor, groups: int, window: Window) -> Tensor:
    """x's windows, (N, G, C/G, Kh*Kw, Ho, Wo)."""
    patches = F.unfold(x, window.kernel_size, window.dilation, window.padding, window.stride)
    channels = patches.unflatten(1, (groups, x.shape[1] // groups, window.taps))
    return channels.unflatten(-1, window.output_size(x.shape[2:]))


def forward(x: Tensor, weight: Tensor, window: Window) -> Tensor:
    """Y = sum over the window of weight * x, (N, C, Ho, Wo)."""
    product = weight.flatten(2, 3).unsqueeze(2) * _patches(x, weight.shape[1], window)
    return product.sum(dim=3).flatten(1, 2)


def grad_input(grad: Tensor, weight: Tensor, window: Window, size: Pair) -> Tensor:
    """Gradient by x, (N, C, H, W) with (H, W) = `size`."""
    n, groups, _, _, height, width = weight.shape
    channels = grad.shape[1]
    taps = weight.reshape(n, groups, 1, window.taps, height, width)
    spread = taps * grad.reshape(n, groups, channels // groups, 1, height, width)
    columns = spread.reshape(n, channels * window.taps, height * width)
    return F.fold(columns, size, window.kernel_size, window.dilation, window.padding, window.stride)


def grad_weight(grad: Tensor, x: Tensor, window: Window, groups: int) -> Tensor:
    """Gradient by weight, (N, G, Kh, Kw, Ho, Wo)."""
    spread = grad.unflatten(1, (groups, grad.shape[1] // groups)).unsqueeze(3)
    by_tap = (spread * _patches(x, groups, window)).sum(dim=2)
    return by_tap.unflatten(2, window.kernel_size)
