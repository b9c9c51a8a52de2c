"""A count by fvcore, from a trace of the network. The only module that imports fvcore.

fvcore counts one multiply-accumulate as one flop and skips, without a word in its total, every
operator that has no handle. Here every operator has the formula of `operators/table.py` or a reason
to cost nothing, and anything else is an error.
"""

import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from ablations.costs.evaluation import Inputs, evaluated
from ablations.costs.network_cost import ByModule
from ablations.costs.operators.formula import Formula
from ablations.costs.operators.table import APART, LINEAR_MAPS, with_in_place
from ablations.costs.operators.uncounted import UNCOUNTED, UncountedOperator
from involution_core.counted_operators import macs_of, registered, traced_value
from involution_core.operator.operators import NAMESPACE

with warnings.catch_warnings():  # its import uses parts of torch.jit that are deprecated
    warnings.simplefilter("ignore")
    from fvcore.nn import FlopCountAnalysis

Handle = Callable[[list[Any], list[Any]], Counter[str]]


def _handle(formula: Formula) -> Handle:
    def handle(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
        return formula([*map(traced_value, inputs)], [*map(traced_value, outputs)])

    return handle


def _handle_of_values(formula: Formula) -> Handle:
    """Return a handle that counts nothing for sizes, which some operators also compute."""
    handle = _handle(formula)

    def handle_values(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
        tensors = [value for value in (*inputs, *outputs) if value.isCompleteTensor()]
        return Counter() if all(map(_is_a_size, tensors)) else handle(inputs, outputs)

    return handle_values


def _is_a_size(value: torch.Value) -> bool:
    """Sizes are numbers of the program that a trace holds as integer tensors of no dimension."""
    kind: Any = value.type()
    return not kind.sizes() and kind.dtype() is torch.int64


def _registered_formulas() -> dict[str, Formula]:
    """Return the formulas of a user's operators."""

    def formula(packet: Any) -> Formula:
        return lambda arguments, outputs: Counter(custom=macs_of(packet, arguments, outputs))

    own = f"{NAMESPACE}::"
    return {
        name: formula(packet) for name, packet in registered().items() if not name.startswith(own)
    }


def _handles() -> dict[str, Handle | None]:
    apart = with_in_place(APART)
    return {
        **dict.fromkeys(with_in_place(UNCOUNTED)),
        **{name: _handle(formula) for name, formula in _registered_formulas().items()},
        **{name: _handle(formula) for name, formula in with_in_place(LINEAR_MAPS).items()},
        **{name: _handle_of_values(formula) for name, formula in apart.items()},
    }


def count_by_fvcore(network: nn.Module, inputs: Inputs) -> ByModule:
    """What one call of `network` does in eval mode; the tensors must be real ones on a CPU.

    Raises UncountedOperator where the trace holds an operator that is neither counted nor listed
    in UNCOUNTED.
    """
    with evaluated(network, inputs):
        analysis = FlopCountAnalysis(network, inputs).clear_op_handles()
        analysis.set_op_handle(**_handles())
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        analysis.tracer_warnings("none")
        counts = analysis.by_module_and_operator()
    if uncounted := analysis.unsupported_ops():
        raise UncountedOperator(set(uncounted))
    return counts
