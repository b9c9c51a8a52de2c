"""Counts of operators that a FLOP counter does not know by itself.

torch's `FlopCounterMode` knows this package's operators once `involution_core` is imported. An
analysis of fvcore learns them from `add_flop_handles`. fvcore itself is not imported here.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch._ops import OpOverloadPacket
from torch.utils.flop_counter import flop_registry, register_flop_formula

import involution_core.operators  # noqa: F401  (registers the formulas of its operators)

Analysis = TypeVar("Analysis")
Shape = tuple[int, ...]
Handle = Callable[[list[Any], list[Any]], int]
"""Of fvcore: the multiply-accumulates of a node of a trace, from its inputs and outputs."""

_ATEN = "aten"
_VIEWS = ("aten::unflatten",)
"""What the layer does and fvcore warns of: no arithmetic."""


def add_flop_handles(analysis: Analysis) -> Analysis:
    """Adds the operators of this package, and those given to `register_macs`, to an analysis.

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
    """
    handles: dict[str, Handle | None] = {name: _handle(op) for name, op in registered().items()}
    analysis.set_op_handle(**handles, **dict.fromkeys(_VIEWS))  # type: ignore[attr-defined]
    return analysis


def register_macs(operator: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Gives an operator of your own its count, for torch's counter and for `add_flop_handles`.

    The decorated formula is called with the operator's arguments, shapes in place of tensors, and
    with `out_shape`, the shape of the output (a tuple of shapes where it has several). It returns
    multiply-accumulates: 0 for an operator that is no linear map.

    Args:
        operator: Its name, "namespace::name".

    Raises:
        ValueError: Where there is no such operator, or it is torch's own.

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
    """
    namespace, _, name = operator.partition("::")
    packet = getattr(getattr(torch.ops, namespace), name, None) if namespace and name else None
    if packet is None or namespace == _ATEN:
        raise ValueError(f"{operator!r} is no operator of your own, such as 'namespace::name'")

    def register(formula: Callable[..., int]) -> Callable[..., int]:
        def flops(*arguments: Any, **named: Any) -> int:
            return 2 * formula(*arguments, **named)

        flop_registry.pop(packet, None)  # a cell of a notebook that is run again
        register_flop_formula(packet)(flops)
        return formula

    return register


def registered() -> dict[str, OpOverloadPacket]:
    """The operators that are not torch's and have a formula in torch's registry, by name."""
    packets = [packet for packet in flop_registry if isinstance(packet, OpOverloadPacket)]
    names = {packet._qualified_op_name: packet for packet in packets}
    return {name: packet for name, packet in names.items() if not name.startswith(f"{_ATEN}::")}


def macs_of(packet: OpOverloadPacket, arguments: Sequence[Any], outputs: Sequence[Shape]) -> int:
    """What the registered formula gives, from all arguments in the order of the schema."""
    schema = getattr(packet, packet.overloads()[0])._schema.arguments
    pairs = list(zip(schema, arguments, strict=True))
    positional = [value for declared, value in pairs if not declared.kwarg_only]
    named = {declared.name: value for declared, value in pairs if declared.kwarg_only}
    output = outputs[0] if len(outputs) == 1 else tuple(outputs)
    flops = flop_registry[packet](*positional, **named, out_val=output)
    macs, odd = divmod(flops, 2)
    if odd:
        raise ValueError(f"{packet._qualified_op_name}: {flops} FLOPs are no whole number of MACs")
    return macs


def traced_value(value: torch.Value) -> Any:
    """What a trace knows of a value: a shape for a tensor, the elements of a list, a constant."""
    if value.isCompleteTensor():
        return tuple(value.type().sizes())
    if value.node().kind() == "prim::ListConstruct":
        return [traced_value(element) for element in value.node().inputs()]
    return value.toIValue()


def _handle(packet: OpOverloadPacket) -> Handle:
    def handle(inputs: list[Any], outputs: list[Any]) -> int:
        arguments, results = map(traced_value, inputs), map(traced_value, outputs)
        return macs_of(packet, list(arguments), list(results))

    return handle
