"""Functions that `torch.fx` and `torch.jit.trace` can record."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function

Function = TypeVar("Function", bound=Callable[..., Any])


def recorded(function: Function) -> Function:
    """Let a function of tensors be one node of `torch.fx`, as torch's own functions are.

    `torch.fx` calls with proxies, which have no sizes to decide by; the function is then recorded
    and runs when the graph does. Subclasses of Tensor can override it in the same way.

    Args:
        function: Takes its tensors as positional arguments. Named as in its module.

    Returns:
        The function with `__torch_function__`'s protocol.
    """

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if has_torch_function(args):
            return handle_torch_function(call, args, *args, **options)
        return function(*args, **options)

    return call  # type: ignore[return-value]


def static_shape(x: Tensor) -> Sequence[int]:
    """Return a tensor's shape as integers, also under `torch.jit.trace`.

    While tracing, the entries of `x.shape` are tensors, and the operators take integers.

    Args:
        x: A tensor of any shape.

    Returns:
        The sizes of `x`, one for each dimension.

    Examples:
        >>> import torch
        >>> list(static_shape(torch.zeros(2, 3)))
        [2, 3]
    """
    return [int(size) for size in x.shape] if torch.jit.is_tracing() else x.shape
