"""The operators with their derivatives, and under `torch.func.vmap`.

Involution is linear in x and in the weight, so the three operators are closed under
differentiation: the derivative of each is made of the other two, to any order. Each takes two
tensors, in which it is linear, and then settings.

A call goes one of three ways. As an operator of torch, with its derivatives registered: where it is
compiled, recorded or counted, and on a GPU. Through an autograd function of `torch.func`: where it
is transformed, since `torch.library` gives an operator neither a forward-mode derivative nor
`torch.func.grad`; `torch.compile` takes no such function, and it takes twice the operator's time.
And on a CPU where it is only computed through a plain autograd function, whose way to the kernel is
a fraction of the operator's.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import Function

from involution_core import operators
from involution_core.graphs import has_no_derivative, is_only_computed, is_transformed


def _save(ctx: Any, inputs: tuple, output: Tensor) -> None:
    first, second, *ctx.rest = inputs
    ctx.save_for_backward(first, second)
    ctx.save_for_forward(first, second)


def _autograd_function(name: str, **parts: Callable[..., Any]) -> Any:
    made_as: Any = type(Function)
    static = {part: staticmethod(function) for part, function in parts.items()}
    return made_as(name, (Function,), static)


def _differentiable(
    op: Any, computed: Callable[..., Tensor], backward: Callable[..., tuple]
) -> Callable[..., Tensor]:
    """Registers the derivatives of an operator and returns the function to call.

    Args:
        op: The operator.
        computed: What it does.
        backward: Its derivatives by its two tensors, and None for each setting.
    """

    def jvp(ctx: Any, by_first: Tensor | None, by_second: Tensor | None, *_: Any) -> Tensor:
        first, second = ctx.saved_tensors
        terms = []
        if by_first is not None:
            terms.append(call(by_first, second, *ctx.rest))
        if by_second is not None:
            terms.append(call(first, by_second, *ctx.rest))
        return sum(terms[1:], terms[0])

    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple[Tensor, int]:
        """Once, over a batch of all that is mapped over."""
        count = info.batch_size
        tensors = [
            value.expand(count, *value.shape) if dim is None else value.movedim(dim, 0)
            for value, dim in zip(inputs[:2], in_dims[:2], strict=True)
        ]
        result = call(*(value.flatten(0, 1) for value in tensors), *inputs[2:])
        return result.unflatten(0, (count, tensors[0].shape[1])), 0

    transformable = _autograd_function(
        op._name,
        forward=lambda *inputs: op(*inputs),
        setup_context=_save,
        backward=backward,
        jvp=jvp,
        vmap=vmap,
    )
    direct = _direct(op._name, computed, backward)

    def call(*inputs: Any) -> Tensor:
        if inputs[0].is_cpu and is_only_computed(*inputs[:2]):
            return direct.apply(*inputs)
        if has_no_derivative():
            raise ValueError(
                "a torch.func.jvp that is compiled, or within another one, needs backend=None, "
                "'shift' or 'unfold'"
            )
        if torch.compiler.is_compiling() or not is_transformed():
            return op(*inputs)
        return transformable.apply(*inputs)

    op.register_autograd(backward, setup_context=_save)
    op.register_vmap(vmap)
    return call


def _direct(name: str, computed: Callable[..., Tensor], backward: Callable[..., tuple]) -> Any:
    """The autograd function that computes at once. Profilers show `name`, of no namespace."""

    def forward(ctx: Any, first: Tensor, second: Tensor, *rest: Any) -> Tensor:
        ctx.save_for_backward(first, second)
        ctx.rest = rest
        return computed(first, second, *rest)

    return _autograd_function(name, forward=forward, backward=backward)


def _backward(ctx: Any, grad: Tensor) -> tuple:
    x, weight = ctx.saved_tensors
    by_x = by_weight = None
    if ctx.needs_input_grad[0]:
        by_x = grad_input(grad, weight, tuple(x.shape[2:]), *ctx.rest)
    if ctx.needs_input_grad[1]:
        by_weight = grad_weight(grad, x, weight.shape[1], tuple(weight.shape[2:4]), *ctx.rest)
    return by_x, by_weight, None, None, None, None


def _backward_of_grad_input(ctx: Any, by_x: Tensor) -> tuple:
    grad, weight = ctx.saved_tensors
    _, *rest = ctx.rest
    by_grad = by_weight = None
    if ctx.needs_input_grad[0]:
        by_grad = involution(by_x, weight, *rest)
    if ctx.needs_input_grad[1]:
        by_weight = grad_weight(grad, by_x, weight.shape[1], tuple(weight.shape[2:4]), *rest)
    return by_grad, by_weight, None, None, None, None, None


def _backward_of_grad_weight(ctx: Any, by_weight: Tensor) -> tuple:
    grad, x = ctx.saved_tensors
    _, _, *rest = ctx.rest
    by_grad = by_x = None
    if ctx.needs_input_grad[0]:
        by_grad = involution(x, by_weight, *rest)
    if ctx.needs_input_grad[1]:
        by_x = grad_input(grad, by_weight, tuple(x.shape[2:]), *rest)
    return by_grad, by_x, None, None, None, None, None, None


involution = _differentiable(operators.involution2d_op, operators.involution2d, _backward)
grad_input = _differentiable(operators.grad_input_op, operators.grad_input, _backward_of_grad_input)
grad_weight = _differentiable(
    operators.grad_weight_op, operators.grad_weight, _backward_of_grad_weight
)
