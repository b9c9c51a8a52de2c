"""The operator and its two adjoints, as functions and as torch operators.

The torch operators are opaque to tracers and carry their own names
(`involution_core::involution2d` and so on), which is what lets FLOP counters
count them. A call of one takes several times as long as the function's own steps.

Shapes: x (N, C, H, W), weight (N, G, Kh, Kw, Ho, Wo), output (N, C, Ho, Wo).
stride, padding and dilation are [height, width].
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.library import CustomOpDef
from torch.utils.flop_counter import register_flop_formula

from involution_core.backends.table import BACKENDS
from involution_core.operator.layout import map_like, new_map, new_weight, weight_like
from involution_core.operator.shapes import Window

NAMESPACE = "involution_core"


def _window(
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> Window:
    ((kh, kw), (sh, sw), (ph, pw), (dh, dw)) = kernel_size, stride, padding, dilation
    return Window((kh, kw), (sh, sw), (ph, pw), (dh, dw))


def _check(
    window: Window, batch: int, size: Sequence[int], channels: int, groups: int, *grids: Any
) -> None:
    """Check shapes before memory is accessed by them. A graph traced with other sizes, or a call of
    the operator by name, gets here without the checks of the function `involution2d`.

    Args:
        window: Window of the operator.
        batch: N of the map that the window slides over.
        size: Its (H, W).
        channels: C.
        groups: G.
        *grids: (N, Ho, Wo) of everything that lies on the output's pixels.

    Raises:
        ValueError: They do not fit together.
    """
    expected = (batch, *window.output_size(size))
    for found in grids:
        if tuple(found) != expected:
            raise ValueError(
                f"{batch} maps of {'x'.join(map(str, size))} give {expected} for (N, Ho, Wo), "
                f"and the kernels or gradients have {tuple(found)}; a traced graph accepts only "
                "the sizes it was traced with"
            )
    if groups < 1 or channels % groups:
        raise ValueError(f"{groups} groups do not divide {channels} channels")


def _grid(x: Tensor) -> tuple[int, ...]:
    """(N, Ho, Wo) of a map or of kernels."""
    return (x.shape[0], *x.shape[-2:])


def _groups_innermost(grad: Tensor, groups: int, backend: str) -> bool:
    return BACKENDS[backend].groups_innermost(grad.dtype, grad.shape[1], groups)


def involution2d(
    x: Tensor,
    weight: Tensor,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    backend: str,
) -> Tensor:
    """The operator: (N, C, Ho, Wo) in x's layout."""
    window = _window(weight.shape[2:4], stride, padding, dilation)
    _check(window, x.shape[0], x.shape[2:], x.shape[1], weight.shape[1], _grid(weight))
    return map_like(x, BACKENDS[backend].forward(x, weight, window))


def grad_input(
    grad: Tensor,
    weight: Tensor,
    size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    backend: str,
) -> Tensor:
    """The gradient by x, (N, C, H, W) with [H, W] = `size`, in grad's layout."""
    window = _window(weight.shape[2:4], stride, padding, dilation)
    height, width = size
    grids = _grid(grad), _grid(weight)
    _check(window, grad.shape[0], size, grad.shape[1], weight.shape[1], *grids)
    return map_like(grad, BACKENDS[backend].grad_input(grad, weight, window, (height, width)))


def grad_weight(
    grad: Tensor,
    x: Tensor,
    groups: int,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    backend: str,
) -> Tensor:
    """The gradient by weight, (N, G, Kh, Kw, Ho, Wo), in grad's layout."""
    window = _window(kernel_size, stride, padding, dilation)
    _check(window, x.shape[0], x.shape[2:], x.shape[1], groups, _grid(grad))
    if grad.shape[1] != x.shape[1]:
        raise ValueError(f"gradients of {grad.shape[1]} channels for {x.shape[1]} channels")
    value = BACKENDS[backend].grad_weight(grad, x, window, groups)
    return weight_like(grad, value, _groups_innermost(grad, groups, backend))


def _registered(name: str, function: Callable[..., Tensor]) -> CustomOpDef:
    return torch.library.custom_op(f"{NAMESPACE}::{name}", function, mutates_args=())


involution2d_op = _registered("involution2d", involution2d)
grad_input_op = _registered("involution2d_grad_input", grad_input)
grad_weight_op = _registered("involution2d_grad_weight", grad_weight)


@involution2d_op.register_fake
def _(
    x: Tensor,
    weight: Tensor,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    backend: str,
) -> Tensor:
    return new_map(x, (*x.shape[:2], *weight.shape[4:]))


@grad_input_op.register_fake
def _(
    grad: Tensor,
    weight: Tensor,
    size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    backend: str,
) -> Tensor:
    return new_map(grad, (*grad.shape[:2], *size))


@grad_weight_op.register_fake
def _(
    grad: Tensor,
    x: Tensor,
    groups: int,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    backend: str,
) -> Tensor:
    shape = (grad.shape[0], groups, *kernel_size, *grad.shape[2:])
    return new_weight(grad, shape, _groups_innermost(grad, groups, backend))


def _flops(output: Sequence[int], kernel_h: int, kernel_w: int) -> int:
    """Two for each multiply-accumulate, K^2 of those for each output element."""
    return 2 * prod(output) * kernel_h * kernel_w


@register_flop_formula(torch.ops.involution_core.involution2d)
def _(x: Sequence[int], weight: Sequence[int], *_: Any, **__: Any) -> int:
    return _flops((*x[:2], *weight[4:]), weight[2], weight[3])


@register_flop_formula(torch.ops.involution_core.involution2d_grad_input)
def _(grad: Sequence[int], weight: Sequence[int], *_: Any, **__: Any) -> int:
    return _flops(grad, weight[2], weight[3])


@register_flop_formula(torch.ops.involution_core.involution2d_grad_weight)
def _(
    grad: Sequence[int],
    x: Sequence[int],
    groups: int,
    kernel_size: Sequence[int],
    *_: Any,
    **__: Any,
) -> int:
    return _flops(grad, kernel_size[0], kernel_size[1])
