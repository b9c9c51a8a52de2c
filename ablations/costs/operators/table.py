"""The formula of every operator that is counted, by its name. No torch.

The names are those of both counters: of a trace ("aten::layer_norm") and of what is dispatched
("aten::native_layer_norm").
"""

from collections.abc import Mapping
from typing import TypeVar

from ablations.costs.operators.elementwise import ELEMENTWISE
from ablations.costs.operators.formula import Formula
from ablations.costs.operators.layers import ATTENTION, CONVOLUTIONS, INVOLUTIONS, RECURRENT
from ablations.costs.operators.products import PRODUCTS
from ablations.costs.operators.uncounted import CONSTANTS, UNCOUNTED

LINEAR_MAPS: dict[str, Formula] = {
    **CONVOLUTIONS,
    **PRODUCTS,
    **ATTENTION,
    **RECURRENT,
    **INVOLUTIONS,
}
APART: dict[str, Formula] = {**ELEMENTWISE, **CONSTANTS}
FORMULAS: dict[str, Formula] = {**LINEAR_MAPS, **APART}

Value = TypeVar("Value")


def with_in_place(table: Mapping[str, Value]) -> dict[str, Value]:
    """The table with the in-place form of each operator as well: "aten::relu_"."""
    return {**table, **{f"{name}_": value for name, value in table.items()}}


def formula_of(name: str) -> Formula | None:
    """The operator's formula, in place or not; None where it has none."""
    return FORMULAS.get(name) or FORMULAS.get(name.removesuffix("_"))


def costs_nothing(name: str) -> bool:
    """Whether the operator, in place or not, is known to cost nothing."""
    return name in UNCOUNTED or name.removesuffix("_") in UNCOUNTED
