"""The involution of the original publication, as the tests' independent witness.

Its parameter names (reduce.0, reduce.1, span) are those of published state dicts.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class SlidesInvolution(nn.Module):
    """Pool, reduce, span, unfold, multiply, sum."""

    def __init__(self, channels, kernel_size=7, stride=1, group_channels=16, reduction_ratio=4):
        super().__init__()
        self.kernel_size, self.stride, self.groups = (
            kernel_size,
            stride,
            channels // group_channels,
        )
        hidden = channels // reduction_ratio
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, hidden, 1), nn.BatchNorm2d(hidden), nn.ReLU()
        )
        self.span = nn.Conv2d(hidden, self.groups * kernel_size**2, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = F.avg_pool2d(x, self.stride) if self.stride > 1 else x
        weight = self.span(self.reduce(pooled))
        n, _, height, width = weight.shape
        taps = self.kernel_size**2
        patches = F.unfold(
            x, self.kernel_size, padding=(self.kernel_size - 1) // 2, stride=self.stride
        )
        patches = patches.view(n, self.groups, -1, taps, height, width)
        weight = weight.view(n, self.groups, 1, taps, height, width)
        return (weight * patches).sum(3).view(n, -1, height, width)
