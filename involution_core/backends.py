"""The implementations of the operator, in order of preference."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from involution_core import shift, unfold
from involution_core.shapes import Pair, Window


@dataclass(frozen=True)
class Backend:
    """The operator and its two adjoints; shapes as in `unfold.py`.

    forward(x, weight, window) -> output
    grad_input(grad, weight, window, size) -> gradient by x
    grad_weight(grad, x, window, groups) -> gradient by weight
    """

    name: str
    forward: Callable[[Tensor, Tensor, Window], Tensor]
    grad_input: Callable[[Tensor, Tensor, Window, Pair], Tensor]
    grad_weight: Callable[[Tensor, Tensor, Window, int], Tensor]


_TABLE = [
    Backend("shift", shift.forward, shift.grad_input, shift.grad_weight),
    Backend("unfold", unfold.forward, unfold.grad_input, unfold.grad_weight),
]

BACKENDS = {backend.name: backend for backend in _TABLE}


def choose_backend(name: str | None) -> str:
    """The name of the backend to run: `name`, or the first of the table without one.

    Raises ValueError for a name that is not in the table.
    """
    if name is None:
        return _TABLE[0].name
    if name not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {name!r}")
    return name
