"""What differs where torch records or transforms a call instead of computing it."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.overrides import handle_torch_function, has_torch_function

Function = TypeVar("Function", bound=Callable[..., Any])


def recorded(function: Function) -> Function:
    """Lets a function of tensors be one node of `torch.fx`, as torch's own functions are.

    `torch.fx` calls with proxies, which have no sizes to decide by; the function is then recorded
    and runs when the graph does. Subclasses of Tensor can override it likewise.

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


def has_no_derivative() -> bool:
    """True where an operator would be passed by without its tangents.

    That is in a compiled `torch.func.jvp`, and in a `jvp` of a `jvp`: there torch takes the tangent
    that an autograd function makes for a constant (2.15).
    """
    if torch.compiler.is_compiling():
        return forward_ad._current_level >= 0
    return torch._C._are_functorch_transforms_active() and _forward_levels() > 1


def _forward_levels() -> int:
    """The `torch.func.jvp` around this call that are nested in each other."""
    stack = torch._C._functorch.get_interpreter_stack() or []
    return sum(level.key() == torch._C._functorch.TransformType.Jvp for level in stack)


def is_transformed() -> bool:
    """True under the transforms of `torch.func` and in forward mode."""
    return forward_ad._current_level >= 0 or torch._C._are_functorch_transforms_active()


def is_autocast(x: Tensor) -> bool:
    """True where autocast chooses the type that a call with x computes in."""
    kind = x.device.type
    return torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)


def is_only_computed(*operands: Tensor) -> bool:
    """True where a call with these, and all that it calls, is not recorded, counted, changed or
    transformed by anything but autograd, and each is what lies in its memory.

    A function that is `recorded` gets here when the mode that asked for it has seen it.
    """
    try:
        plain = all(type(x) is Tensor for x in operands)
        return plain and not (_is_watched(operands[0]) or any(map(_is_deferred, operands)))
    except AttributeError:  # one of torch's private names is no more: nothing is known of the call
        return False


def _is_watched(x: Tensor) -> bool:
    return bool(
        torch.compiler.is_compiling()
        or torch.jit.is_tracing()
        or is_transformed()
        or is_autocast(x)
        or torch._C._len_torch_dispatch_stack()
        or torch._ops._len_torch_dispatch_stack_pre_dispatch()
        or torch._C._len_torch_function_stack()
    )


def _is_deferred(x: Tensor) -> bool:
    """Whether its memory does not hold its values."""
    return bool(
        x.is_neg()
        or x._is_zerotensor()
        or torch._is_functional_tensor(x)
        or torch._C._functorch.is_legacy_batchedtensor(x)  # of is_grads_batched
    )


def is_composing() -> bool:
    """True where calls are made of torch's own operators: in `torch.export` and what stands on it.

    An exported graph then needs nothing of this package, and every operator in it is one that
    other programs know.
    """
    return torch.compiler.is_exporting() or has_no_derivative()


def static_shape(x: Tensor) -> Sequence[int]:
    """Returns a tensor's shape as integers, also under `torch.jit.trace`.

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
