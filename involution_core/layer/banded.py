"""Span and aggregation in one, where a call is only computed.

The kernels are most of what an involution keeps in memory, and moving them is much of its time. A
backend that can makes and uses them band by band. Shapes: x (N, C, H, W), hidden (N, c, Ho, Wo),
output (N, C, Ho, Wo).
"""

from collections.abc import Callable
from math import prod
from typing import Any, TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import Function

from involution_core.backends.table import BACKENDS, choose_backend
from involution_core.generators.kernel_generator import KernelGenerator
from involution_core.generators.paper_generators import SpanGenerator
from involution_core.generators.span import Span, spanned
from involution_core.operator.derivatives import grad_input, grad_weight
from involution_core.operator.layout import map_like
from involution_core.operator.shapes import Window, check_operands
from involution_core.operator.torch_state import has_global_hooks, is_only_computed

_FORWARD, _VALUES, _SPAN = SpanGenerator.forward, KernelGenerator.values, Span.forward
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def applies_to(
    generator: nn.Module, x: Tensor, window: Window, backend: str | None
) -> TypeGuard[SpanGenerator]:
    """Return whether span and aggregation may run in bands.

    Nothing must observe, change or record the kernels in between, and the backend needs bands that
    are faster.
    """
    if not isinstance(generator, SpanGenerator) or not is_only_computed(x):
        return False
    span = generator.span
    return (
        type(span) is Span
        and is_method(span.forward, _SPAN)
        and is_method(generator.forward, _FORWARD)
        and is_method(generator.values, _VALUES)
        and not (_is_watched(generator) or _is_watched(span))
        and type(span.weight) is type(span.bias) is nn.Parameter
        and span.weight.dtype == x.dtype
        and span.weight.device == x.device
        and len(span.weight) == len(span.bias) == prod(span.shape)
        and _pays(x, span, window, backend)
    )


def _pays(x: Tensor, span: Span, window: Window, backend: str | None) -> bool:
    bands = choose_backend(backend, x.device, x.dtype).bands
    pixels = x.shape[0] * prod(window.output_size(x.shape[2:]))
    return bands is not None and bands.pays(x.dtype, pixels * span.out_channels)


def _is_watched(module: nn.Module) -> bool:
    hooks = any(getattr(module, name) for name in _HOOKS)
    return hooks or has_global_hooks()


def is_method(bound: Any, function: Callable[..., Any]) -> bool:
    """Return whether a method is this function, neither overridden nor set on the instance."""
    return getattr(bound, "__func__", None) is function


def involution_in_bands(
    generator: SpanGenerator, x: Tensor, window: Window, backend: str | None
) -> Tensor:
    """The kernels that the generator makes of x, applied to x, in x's layout; see `applies_to`.

    Raises:
        ValueError: The hidden map differs from the output in size or from x in type, or the span
            has another window.
    """
    chosen, span = choose_backend(backend, x.device, x.dtype), generator.span
    hidden = generator.hidden(x)
    check_operands(x.shape, (len(hidden), *span.shape, *hidden.shape[2:]), window)
    if (hidden.dtype, hidden.device) != (x.dtype, x.device):
        raise ValueError(
            f"the hidden map must be of x's type {x.dtype} on {x.device}, got {hidden.dtype} on "
            f"{hidden.device}"
        )
    return _InBands.apply(x, hidden, span.weight, span.bias, window, chosen.name)


class _InBands(Function):
    """The kernels are not kept for the gradients."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor,
        window: Window,
        backend: str,
    ) -> Tensor:
        ctx.save_for_backward(x, hidden, weight, bias)
        ctx.window, ctx.backend = window, backend
        bands = BACKENDS[backend].bands
        assert bands is not None
        return map_like(x, bands.forward(x, hidden, weight.flatten(1), bias, window))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, hidden, weight, bias = ctx.saved_tensors
        if torch.is_grad_enabled() or not is_only_computed(grad):
            with torch.autocast(x.device.type, enabled=False):  # the pass forward had none
                return (*_gradients(ctx, grad, x, hidden, weight, bias), None, None)
        bands = BACKENDS[ctx.backend].bands
        assert bands is not None
        found = bands.backward(
            grad, x, hidden, weight.flatten(1), bias, ctx.window, ctx.needs_input_grad[:4]
        )
        by_x, by_hidden, by_weight, by_bias = found
        by_weight = None if by_weight is None else by_weight.view_as(weight)
        return by_x, by_hidden, by_weight, by_bias, None, None


def _gradients(
    ctx: Any, grad: Tensor, x: Tensor, hidden: Tensor, weight: Tensor, bias: Tensor
) -> tuple[Tensor | None, ...]:
    """Return the needed gradients, computed by differentiable operations."""
    needs_x, needs_hidden, needs_weight, needs_bias, *_ = ctx.needs_input_grad
    channels, (stride, padding, dilation) = x.shape[1], ctx.window[1:]
    groups, kernel = len(bias) // ctx.window.taps, ctx.window.kernel_size
    by_x = by_hidden = by_weight = by_bias = None
    if needs_x:
        kernels = spanned(hidden, weight, bias, channels, (groups, *kernel))
        size = tuple(x.shape[2:])
        by_x = grad_input(grad, kernels, size, stride, padding, dilation, ctx.backend)
    if needs_hidden or needs_weight or needs_bias:
        found = grad_weight(grad, x, groups, kernel, stride, padding, dilation, ctx.backend)
        rows = found.reshape(found.shape[0], -1, *found.shape[4:])
        if needs_hidden:
            by_hidden = F.conv2d(rows, weight.transpose(0, 1))
        if needs_weight:
            of_pixels = hidden.reshape(*hidden.shape[:2], -1).transpose(1, 2)
            of_images = torch.bmm(rows.reshape(*rows.shape[:2], -1), of_pixels)
            by_weight = of_images.sum(0)[..., None, None]
        if needs_bias:
            by_bias = rows.sum((0, 2, 3))
    return by_x, by_hidden, by_weight, by_bias
