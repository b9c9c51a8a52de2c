"""Involution as literal nested loops over the paper's sum; slow and beyond doubt."""

import torch
from torch import Tensor


def involution2d_loops(
    x: Tensor, weight: Tensor, kernel: tuple[int, int], stride: int, padding: tuple, dilation: int
) -> Tensor:
    """x (N, C, H, W), weight (N, G*Kh*Kw, Ho, Wo) -> (N, C, Ho, Wo), summed in float64."""
    n, channels, height, width = x.shape
    taps = kernel[0] * kernel[1]
    groups = weight.shape[1] // taps
    xs, ws = x.double().tolist(), weight.double().tolist()
    out = torch.zeros(n, channels, *weight.shape[2:], dtype=torch.float64)
    for b in range(n):
        for c in range(channels):
            group = c // (channels // groups)
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    total = 0.0
                    for u in range(kernel[0]):
                        for v in range(kernel[1]):
                            row = i * stride + u * dilation - padding[0]
                            column = j * stride + v * dilation - padding[1]
                            if 0 <= row < height and 0 <= column < width:
                                tap = group * taps + u * kernel[1] + v
                                total += ws[b][tap][i][j] * xs[b][c][row][column]
                    out[b, c, i, j] = total
    return out
