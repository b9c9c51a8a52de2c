"""What torch does with a call besides computing it: record, transform, count, cast.

Some of torch's answers have private names. All of them are looked up here, once. If a version of
torch lacks one, every call is treated as recorded and transformed: slower, and right.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

PRIVATE = {
    "functorch_is_active": "_C._are_functorch_transforms_active",
    "functorch_stack": "_C._functorch.get_interpreter_stack",
    "jvp": "_C._functorch.TransformType.Jvp",
    "dispatch_modes": "_C._len_torch_dispatch_stack",
    "dispatch_modes_before": "_ops._len_torch_dispatch_stack_pre_dispatch",
    "function_modes": "_C._len_torch_function_stack",
    "is_functional": "_is_functional_tensor",
    "is_batched": "_C._functorch.is_legacy_batchedtensor",
    "is_zero": "Tensor._is_zerotensor",
    "global_hooks": "nn.modules.module._has_any_global_hook",
    "forward_level": "autograd.forward_ad._current_level",
}
"""What is asked -> its private name in torch."""


def missing_names() -> list[str]:
    """Return the names of PRIVATE that this torch lacks."""
    missing = []
    for name in PRIVATE.values():
        try:
            attrgetter(name)(torch)
        except AttributeError:
            missing.append(name)
    return missing


KNOWN = not missing_names()
"""Whether torch answers every question of this module."""


def _private(question: str) -> Callable[..., Any]:
    return attrgetter(PRIVATE[question])(torch) if KNOWN else lambda *_: True


_functorch_is_active = _private("functorch_is_active")
_functorch_stack = _private("functorch_stack")
_dispatch_modes = _private("dispatch_modes")
_dispatch_modes_before = _private("dispatch_modes_before")
_function_modes = _private("function_modes")
_is_functional = _private("is_functional")
_is_batched = _private("is_batched")
_is_zero = _private("is_zero")
has_global_hooks = _private("global_hooks")
_JVP = _private("jvp")


def is_exporting() -> bool:
    """Return whether `torch.export`, or what builds on it, records the call."""
    return torch.compiler.is_exporting()


def is_compiling() -> bool:
    """Return whether `torch.compile` or `torch.export` records the call."""
    return torch.compiler.is_compiling()


def is_transformed() -> bool:
    """Return whether the call is under a transform of `torch.func` or in forward mode."""
    return not KNOWN or forward_ad._current_level >= 0 or _functorch_is_active()


def loses_tangents() -> bool:
    """Return whether torch would drop the tangents of an autograd function.

    It does in a compiled `torch.func.jvp` and in nested ones: torch (2.15) takes the tangent that
    an autograd function returns for a constant.
    """
    if not KNOWN:
        return False
    if torch.compiler.is_compiling():
        return forward_ad._current_level >= 0
    return _functorch_is_active() and _nested_jvps() > 1


def _nested_jvps() -> int:
    return sum(level.key() == _JVP for level in _functorch_stack() or [])


def is_autocast(x: Tensor) -> bool:
    """Return whether autocast chooses the dtype that a call with `x` computes in."""
    kind = x.device.type
    return torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)


def is_only_computed(*operands: Tensor) -> bool:
    """Return whether nothing but autograd records, counts, changes or transforms the call.

    Each operand must also be a plain tensor whose memory holds its values. A `recorded` function
    is called again after the mode that intercepted it, so it can ask this itself.
    """
    if not KNOWN or not all(type(x) is Tensor for x in operands):
        return False
    return not (_is_watched(operands[0]) or any(map(_is_deferred, operands)))


def _is_watched(x: Tensor) -> bool:
    return bool(
        torch.compiler.is_compiling()
        or torch.jit.is_tracing()
        or is_transformed()
        or is_autocast(x)
        or _dispatch_modes()
        or _dispatch_modes_before()
        or _function_modes()
    )


def _is_deferred(x: Tensor) -> bool:
    """Return whether the memory of `x` does not hold its values."""
    return bool(
        x.is_neg() or _is_zero(x) or _is_functional(x) or _is_batched(x)  # under is_grads_batched
    )
