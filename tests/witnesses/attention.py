"""Self-attention as the textbooks have it, over all positions, and as literal nested loops."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def heads_of(x: Tensor, heads: int) -> Tensor:
    """(N, C, H, W) -> (N, heads, H*W, C/heads)."""
    return x.flatten(2).unflatten(1, (heads, -1)).transpose(2, 3)


def global_attention(x: Tensor, queried: Tensor, weights: list[Tensor], heads: int, kind: str):
    """x (N, C, H, W), queried (N, C, Ho, Wo), weights WQ, WK, WV (C, C) -> (N, C, Ho, Wo).

    kind: "softmax": torch's scaled dot-product attention; "none": (Q K^T) V.
    """
    q, k, v = (
        heads_of(torch.einsum("oc,nchw->nohw", weight, source), heads)
        for weight, source in zip(weights, (queried, x, x), strict=True)
    )
    if kind == "softmax":
        out = F.scaled_dot_product_attention(q, k, v)
    else:
        out = q @ k.transpose(2, 3) @ v
    return out.transpose(2, 3).flatten(1, 2).unflatten(2, queried.shape[2:])


def local_attention_loops(
    x: Tensor, weights: list[Tensor], heads: int, kernel: int, stride: int, kind: str
) -> Tensor:
    """Attention of every output pixel to the window around it; positions outside do not exist.

    The query is that of the mean of the stride x stride cell whose first pixel is the window's
    centre, of as much of the cell as lies inside.
    """
    n, channels, height, width = x.shape
    by_query, by_key, by_value = (weight.tolist() for weight in weights)
    size, reach = channels // heads, kernel // 2
    out = torch.zeros(n, channels, -(-height // stride), -(-width // stride), dtype=x.dtype)
    for b, i, j in torch.cartesian_prod(*map(torch.arange, (n, *out.shape[2:]))).tolist():
        top, left = i * stride, j * stride
        cell = x[b, :, top : top + stride, left : left + stride].flatten(1).mean(1).tolist()
        query = [sum(w * c for w, c in zip(row, cell, strict=True)) for row in by_query]
        window = [
            x[b, :, row, column].tolist()
            for row in range(top - reach, top + reach + 1)
            for column in range(left - reach, left + reach + 1)
            if 0 <= row < height and 0 <= column < width
        ]
        for head in range(heads):
            mine = range(head * size, (head + 1) * size)
            scores = [
                sum(query[c] * sum(w * p for w, p in zip(by_key[c], pixel, strict=True))
                    for c in mine)
                for pixel in window
            ]  # fmt: skip
            if kind == "softmax":
                raised = [math.exp(score / math.sqrt(size)) for score in scores]
                scores = [value / sum(raised) for value in raised]
            for c in mine:
                out[b, c, i, j] = sum(
                    score * sum(w * p for w, p in zip(by_value[c], pixel, strict=True))
                    for score, pixel in zip(scores, window, strict=True)
                )
    return out
