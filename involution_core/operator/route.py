"""Which way a call of the operator takes to its backend, and why.

| Route | Taken | Because |
|---|---|---|
| COMPOSED | under `torch.export`, or where tangents would be lost, if the backend is made of torch's own operators | an exported graph then needs nothing of this package; the operators know their derivatives |
| DIRECT | on the CPU, if the call is only computed | a plain autograd function reaches the kernel in a fraction of an operator's time |
| TRANSFORM | under `torch.func` or in forward mode, outside of `torch.compile` | `torch.library` gives an operator neither forward mode nor `torch.func.grad` |
| OPERATOR | else: compiled, traced, counted, on a GPU | tracers and counters see one operator of this package |

A layer asks first whether its generator's span and the aggregation can run together, in bands
(`layer.banded.applies_to`); only a call that would be DIRECT can.
"""  # noqa: E501

from enum import Enum, auto

from torch import Tensor

from involution_core.operator.torch_state import (
    is_compiling,
    is_exporting,
    is_only_computed,
    is_transformed,
    loses_tangents,
)


class Route(Enum):
    """The ways of a call; see the module."""

    COMPOSED = auto()
    DIRECT = auto()
    TRANSFORM = auto()
    OPERATOR = auto()


def is_composing() -> bool:
    """Return whether calls should be made of torch's own operators."""
    return is_exporting() or loses_tangents()


def route_of(first: Tensor, second: Tensor, composed: bool) -> Route:
    """Return the route of a call with these operands.

    Args:
        first: First operand, a tensor of any kind.
        second: Second operand.
        composed: Whether the backend is made of torch's own operators.

    Raises:
        ValueError: In a compiled or nested `torch.func.jvp`, for a backend that is not.
    """
    if first.is_cpu and is_only_computed(first, second):
        return Route.DIRECT
    if is_composing():
        if composed:
            return Route.COMPOSED
        if loses_tangents():
            raise ValueError(
                "a torch.func.jvp that is compiled, or within another one, needs backend=None, "
                "'shift' or 'unfold'"
            )
    return Route.TRANSFORM if is_transformed() and not is_compiling() else Route.OPERATOR
