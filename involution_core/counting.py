"""Counts of operators that a FLOP counter does not know by itself.

torch's `FlopCounterMode` knows this package's operators once `involution_core` is imported. An
analysis of fvcore learns them from `add_flop_handles`. fvcore itself is not imported here.
"""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch._ops import OpOverload, OpOverloadPacket
from torch.library import CustomOpDef
from torch.utils.flop_counter import flop_registry, register_flop_formula

from involution_core.counted_operators import ATEN, macs_of, registered, traced_value, with_defaults
from involution_core.operator.integers import integer

Analysis = TypeVar("Analysis")
Formula = Callable[..., int]

_Handle = Callable[[list[Any], list[Any]], int]

_VIEWS = ("aten::unflatten",)
"""What the layer does and fvcore warns of: no arithmetic."""


def add_flop_handles(analysis: Analysis) -> Analysis:
    """Add the operators of this package, and those given to `register_macs`, to an analysis.

    Without it fvcore counts an involution's linear maps alone and leaves out the aggregation,
    HW K² C, with a warning.

    Args:
        analysis: A `fvcore.nn.FlopCountAnalysis`.

    Returns:
        The same analysis.

    Example:
        >>> import torch
        >>> from fvcore.nn import FlopCountAnalysis
        >>> from involution_core import Involution, add_flop_handles
        >>> layer, x = Involution(64).eval(), torch.zeros(1, 64, 56, 56)
        >>> add_flop_handles(FlopCountAnalysis(layer, x)).total()
        22980608

    References:
        The term HW K² C: Li et al., "Involution", CVPR 2021, section 3.2.
    """
    handles: dict[str, _Handle | None] = {name: _handle(op) for name, op in registered().items()}
    analysis.set_op_handle(**handles, **dict.fromkeys(_VIEWS))  # type: ignore[attr-defined]
    return analysis


def register_macs(
    operator: str | OpOverloadPacket | OpOverload | CustomOpDef,
) -> Callable[[Formula], Formula]:
    """Register the count of a custom operator for torch's counter and for `add_flop_handles`.

    The decorated formula is called with the operator's arguments, shapes in place of tensors, and
    with `out_shape`, the shape of the output (a tuple of shapes where it has several). It is given
    all arguments, those that a call leaves to their defaults too. It returns
    multiply-accumulates: 0 for an operator that is no linear map. A later formula of the same
    operator replaces an earlier one.

    Args:
        operator: Its name, "namespace::name", or what `torch.library.custom_op` or `torch.ops` have
            for it.

    Returns:
        A decorator, which gives the formula back.

    Raises:
        ValueError: Where there is no such operator, or it is torch's own.
        TypeError: When it is counted, where the formula does not take the operator's arguments and
            `out_shape`, or returns no integer.

    Example:
        >>> import torch
        >>> from involution_core import register_macs
        >>> @torch.library.custom_op("docs::mix", mutates_args=())
        ... def mix(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ...     return torch.einsum("nchw,dc->ndhw", x, weight)
        >>> @register_macs("docs::mix")
        ... def macs(x, weight, *, out_shape):
        ...     n, c, h, w = x
        ...     return n * h * w * c * weight[0]

    References:
        `torch.utils.flop_counter.register_flop_formula`, with which it registers 2 FLOPs for each.
    """
    packet = _own_operator(_name_of(operator))

    def register(formula: Formula) -> Formula:
        signature = inspect.signature(formula)

        def flops(*arguments: Any, out_shape: Any, **named: Any) -> int:
            whose = f"the formula of {packet._qualified_op_name}"
            positional, by_keyword = with_defaults(packet, arguments, named)
            by_keyword["out_shape"] = out_shape
            try:
                signature.bind(*positional, **by_keyword)
            except TypeError as error:
                raise TypeError(f"{whose} cannot be called: {error}") from None
            given = formula(*positional, **by_keyword)
            if (macs := integer(given)) is None:
                raise TypeError(f"{whose} must return an integer, the MACs, and gave {given!r}")
            return 2 * macs

        flop_registry.pop(packet, None)
        register_flop_formula(packet)(flops)
        return formula

    return register


def _name_of(operator: object) -> object:
    """Return namespace::name of an operator; anything else unchanged."""
    if isinstance(operator, CustomOpDef):
        return operator._qualname
    if isinstance(operator, OpOverload):
        operator = operator.overloadpacket
    return operator._qualified_op_name if isinstance(operator, OpOverloadPacket) else operator


def _own_operator(operator: object) -> OpOverloadPacket:
    namespace, _, name = operator.partition("::") if isinstance(operator, str) else ("", "", "")
    if not (namespace and name):
        problem = "such as 'namespace::name'"
    elif namespace == ATEN:
        problem = "but torch's own"
    elif (packet := getattr(getattr(torch.ops, namespace), name, None)) is None:
        problem = "there is none of this name yet; import what defines it before"
    else:
        return packet
    raise ValueError(f"{operator!r} is no custom operator, {problem}")


def _handle(packet: OpOverloadPacket) -> _Handle:
    def handle(inputs: list[Any], outputs: list[Any]) -> int:
        return macs_of(packet, [*map(traced_value, inputs)], [*map(traced_value, outputs)])

    return handle
