"""Self-attention as an involution: the kernel is queries times the keys of their windows.

    H[g, u, v, i, j] = normalized over (u, v):
        sum over the channels c of head g of Q[c, i, j] * K[c, i*s + u - p, j*s + v - p]

with p = (K - 1)/2 in a centred window; the heads are involution's groups. The product is linear in
the queries and in the keys, and it is the operator's gradient by its weight, with the queries for
the gradient: one kernel for both, and no copies of the window. Shapes: query (N, C, Ho, Wo), key
(N, C, H, W), result (N, G, Kh, Kw, Ho, Wo).

Source: "Relation to Self-Attention" in the authors' talk on "Involution" (CVPR 2021).
"""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from involution_core.backends.table import choose_backend
from involution_core.operator.dispatch import products
from involution_core.operator.layout import is_channels_last, weight_order
from involution_core.operator.recording import recorded, static_shape
from involution_core.operator.shapes import Window, make_window

Normalization = Literal["softmax", "none"]
"""Turns the scores of a window into weights; see `attention_kernel`."""


def check_normalization(name: str) -> None:
    """Check the name of a normalization.

    Args:
        name: What was given for `normalize`.

    Raises:
        ValueError: It is neither "softmax" nor "none".

    Examples:
        >>> check_normalization("relu")
        Traceback (most recent call last):
        ...
        ValueError: normalize must be one of softmax, none, got 'relu'
    """
    if name not in get_args(Normalization):
        raise ValueError(
            f"normalize must be one of {', '.join(get_args(Normalization))}, got {name!r}"
        )


@recorded
def attention_kernel(
    query: Tensor,
    key: Tensor,
    *,
    kernel_size: int | Sequence[int],
    groups: int,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    normalize: Normalization = "softmax",
    backend: str | None = None,
) -> Tensor:
    """Return the involution kernels that are self-attention over a window.

    With odd K ≥ 2·max(H, W) − 1 every window holds the whole map, and applying the kernel is
    attention over all positions.

    Args:
        query: The queries, one for each output pixel, shape (N, C, Ho, Wo), as `involution2d`
            gives it; (N, C, ⌈H/s⌉, ⌈W/s⌉) where the window is centred.
        key: The keys, shape (N, C, H, W). Same dtype and device as `query`.
        kernel_size: K in pixels, one integer or (height, width).
        groups: G, the number of heads, a divisor of C. A head has d = C/G consecutive channels.
        stride: s in pixels, one integer or (height, width). Default 1.
        padding: p in pixels, one integer or (height, width). Default None, which centres the
            window on its pixel and needs odd kernel sizes.
        dilation: d in pixels, one integer or (height, width). Default 1.
        normalize: "softmax" gives scaled dot-product attention, softmax(q·k/√d) over the window's
            positions inside the image; those outside weigh nothing. "none" gives q·k as on the
            slide, without a scale; 0 outside the image. Default "softmax". In a window that has
            no position inside the image all weigh the same.
        backend: Implementation of the query-key product, see `involution2d`. Default None, the
            first that can run.

    Returns:
        The kernels, shape (N, G, Kh, Kw, Ho, Wo), in query's memory layout.

    Raises:
        ValueError: Shapes, types or devices do not fit together, `normalize` is unknown, or the
            backend is unknown or cannot run here.

    Examples:
        Softmax weights sum to 1 over the K x K window:

        >>> import torch
        >>> query, key = torch.randn(2, 1, 32, 6, 6)
        >>> kernel = attention_kernel(query, key, kernel_size=3, groups=2)
        >>> kernel.shape
        torch.Size([1, 2, 3, 3, 6, 6])
        >>> torch.allclose(kernel.sum((2, 3)), torch.ones(1, 2, 6, 6))
        True

    References:
        The slides "Relation to Self-Attention".
    """
    check_normalization(normalize)
    window = make_window(kernel_size, stride, padding, dilation)
    size = static_shape(key)
    _check(query, key, size, groups, window)
    chosen = choose_backend(backend, query.device, query.dtype)
    if normalize == "softmax":
        query = query * (size[1] // groups) ** -0.5
    scores = products(query, key, groups, window, chosen)
    if normalize == "none":
        return scores
    innermost = chosen.groups_innermost(query.dtype, size[1], groups)
    mask = _mask(window, key.shape[2:], query)
    return _softmax(scores, mask, is_channels_last(query), innermost)


def _check(
    query: Tensor, key: Tensor, key_shape: Sequence[int], groups: int, window: Window
) -> None:
    if key.ndim != 4:
        raise ValueError(f"key must have 4 dimensions (N, C, H, W), got shape {tuple(key.shape)}")
    expected = (*key_shape[:2], *window.output_size(key_shape[2:]))
    if tuple(static_shape(query)) != expected:
        raise ValueError(f"query must have shape {expected}, got {tuple(query.shape)}")
    if groups < 1 or key_shape[1] % groups:
        raise ValueError(f"groups must divide C={key_shape[1]}, got {groups}")
    if not key.dtype.is_floating_point or query.dtype != key.dtype:
        raise ValueError(
            f"query and key must be of one floating point type, got {query.dtype} and {key.dtype}"
        )
    if query.device != key.device:
        raise ValueError(f"query must be on key's device {key.device}, got {query.device}")


def _mask(window: Window, size: Sequence[int], like: Tensor) -> Tensor:
    """The least number where a tap of an output pixel lies outside a (height, width) map, else 0.

    (1, 1, Kh, Kw, Ho, Wo), of `like`'s type and device.
    """
    outside = []
    for kernel, stride, padding, dilation, length, count in zip(
        *window,
        size,
        window.output_size(size),
        strict=True,
    ):
        taps = torch.arange(0, dilation * kernel, dilation, device=like.device).unsqueeze(1)
        # The taps inside are first <= tap < past; both fall by the stride from pixel to pixel.
        first, past = (
            torch.arange(start, start - stride * count, -stride, device=like.device)
            for start in (padding, padding + length)
        )
        outside.append((taps < first) | (taps >= past))
    rows, columns = outside
    both = rows[:, None, :, None] | columns[None, :, None, :]
    least = torch.finfo(like.dtype).min
    return torch.zeros_like(both, dtype=like.dtype).masked_fill(both, least)[None, None]


def _softmax(scores: Tensor, mask: Tensor, channels_last: bool, innermost: bool) -> Tensor:
    """Softmax of scores + mask over the taps, in the order of the storage: nothing is moved.

    The mask is added, not filled in: an addition leaves gradients unchanged.
    """
    order = weight_order(innermost) if channels_last else tuple(range(6))
    taps = order.index(2)
    masked = scores.permute(order) + mask.permute(order)
    weights = masked.flatten(taps, taps + 1).softmax(taps).unflatten(taps, mask.shape[2:4])
    return weights.permute([order.index(axis) for axis in range(6)])
