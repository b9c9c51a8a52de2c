"""The operators with their derivatives, and under `torch.func.vmap`.

Involution is linear in x and in the weight, so the three operators are closed under
differentiation: the derivative of each is made of the other two, to any order. Each takes two
tensors, in which it is linear, and then settings. `route.py` says which way a call takes.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.autograd.function import Function

from involution_core.operator import operators
from involution_core.operator.route import Route, route_of


def _save(ctx: Any, inputs: tuple, output: Tensor) -> None:
    first, second, *ctx.rest = inputs
    ctx.save_for_backward(first, second)
    ctx.save_for_forward(first, second)


def _autograd_function(name: str, **parts: Callable[..., Any]) -> Any:
    made_as: Any = type(Function)
    static = {part: staticmethod(function) for part, function in parts.items()}
    return made_as(name, (Function,), static)


class Differentiable:
    """An operator as a function with derivatives, along every route but COMPOSED.

    Args:
        op: The operator of torch.
        compute: What it computes.
        backward: Its derivatives by its two tensors, and None for each setting.
    """

    def __init__(
        self, op: Any, compute: Callable[..., Tensor], backward: Callable[..., tuple]
    ) -> None:
        transform = _autograd_function(
            op._name,
            forward=lambda *inputs: op(*inputs),
            setup_context=_save,
            backward=backward,
            jvp=self._jvp,
            vmap=self._vmap,
        )
        self._along: dict[Route, Callable[..., Tensor]] = {
            Route.DIRECT: _direct(op._name, compute, backward).apply,
            Route.TRANSFORM: transform.apply,
            Route.OPERATOR: op,
        }
        op.register_autograd(backward, setup_context=_save)
        op.register_vmap(self._vmap)

    def __call__(self, first: Tensor, second: Tensor, *rest: Any) -> Tensor:
        """Call the operator along the route that the call needs."""
        return self._along[route_of(first, second, composed=False)](first, second, *rest)

    def along(self, route: Route, *inputs: Any) -> Tensor:
        """Call the operator along a known route."""
        return self._along[route](*inputs)

    def _jvp(self, ctx: Any, by_first: Tensor | None, by_second: Tensor | None, *_: Any) -> Tensor:
        first, second = ctx.saved_tensors
        terms = []
        if by_first is not None:
            terms.append(self(by_first, second, *ctx.rest))
        if by_second is not None:
            terms.append(self(first, by_second, *ctx.rest))
        return sum(terms[1:], terms[0])

    def _vmap(self, info: Any, in_dims: tuple, *inputs: Any) -> tuple[Tensor, int]:
        """Call the operator once, on one batch of all that is mapped over."""
        count = info.batch_size
        first, second = (
            value.expand(count, *value.shape) if dim is None else value.movedim(dim, 0)
            for value, dim in zip(inputs[:2], in_dims[:2], strict=True)
        )
        result = self(first.flatten(0, 1), second.flatten(0, 1), *inputs[2:])
        return result.unflatten(0, (count, first.shape[1])), 0


def _direct(name: str, compute: Callable[..., Tensor], backward: Callable[..., tuple]) -> Any:
    """Return the autograd function that computes at once. Profilers show its plain `name`."""

    def forward(ctx: Any, first: Tensor, second: Tensor, *rest: Any) -> Tensor:
        ctx.save_for_backward(first, second)
        ctx.rest = rest
        return compute(first, second, *rest)

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


involution = Differentiable(operators.involution2d_op, operators.involution2d, _backward)
grad_input = Differentiable(operators.grad_input_op, operators.grad_input, _backward_of_grad_input)
grad_weight = Differentiable(
    operators.grad_weight_op, operators.grad_weight, _backward_of_grad_weight
)
