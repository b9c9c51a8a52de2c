"""The operators with a formula in torch's registry that are not torch's own, and their counts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch._ops import OpOverloadPacket
from torch.utils.flop_counter import flop_registry

import involution_core.operator.operators  # noqa: F401  (registers the formulas of its operators)

ATEN = "aten"
"""The namespace of torch's own operators."""

Shape = tuple[int, ...]


def registered() -> dict[str, OpOverloadPacket]:
    """By name: this package's, and a user's."""
    packets = [packet for packet in flop_registry if isinstance(packet, OpOverloadPacket)]
    names = {packet._qualified_op_name: packet for packet in packets}
    return {name: packet for name, packet in names.items() if not name.startswith(f"{ATEN}::")}


def macs_of(packet: OpOverloadPacket, arguments: Sequence[Any], outputs: Sequence[Shape]) -> int:
    """What the registered formula gives, from all arguments in the order of the schema."""
    schema = next(found for found in _schemas(packet) if len(found) == len(arguments))
    pairs = list(zip(schema, arguments, strict=True))
    positional = [value for declared, value in pairs if not declared.kwarg_only]
    named = {declared.name: value for declared, value in pairs if declared.kwarg_only}
    output = outputs[0] if len(outputs) == 1 else tuple(outputs)
    flops = flop_registry[packet](*positional, **named, out_val=output)
    return whole_macs(packet._qualified_op_name, flops)


def with_defaults(
    packet: OpOverloadPacket, arguments: Sequence[Any], named: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call with those that it left to their defaults, which torch drops."""
    fits = (s for s in _schemas(packet) if len(s) >= len(arguments) + len(named))
    schema = next(s for s in fits if {*named} <= {declared.name for declared in s})
    positional = [declared for declared in schema if not declared.kwarg_only]
    by_keyword = {
        declared.name: declared.default_value for declared in schema if declared.kwarg_only
    }
    left = [named.get(d.name, d.default_value) for d in positional[len(arguments) :]]
    given = {name: value for name, value in named.items() if name in by_keyword}
    return [*arguments, *left], {**by_keyword, **given}


def _schemas(packet: OpOverloadPacket) -> Iterator[list[Any]]:
    """The declared arguments of each overload."""
    for name in packet.overloads():
        yield getattr(packet, name)._schema.arguments


def whole_macs(operator: str, flops: int) -> int:
    """Half of the FLOPs. Raises ValueError where that is no whole number."""
    macs, odd = divmod(flops, 2)
    if odd:
        raise ValueError(f"{operator}: {flops} FLOPs are no whole number of MACs")
    return macs


def traced_value(value: torch.Value) -> Any:
    """What a trace knows of a value: a shape for a tensor, the elements of a list, a constant."""
    if value.isCompleteTensor():
        kind: Any = value.type()
        return tuple(kind.sizes())
    if value.node().kind() == "prim::ListConstruct":
        return [traced_value(element) for element in value.node().inputs()]
    return value.toIValue()
