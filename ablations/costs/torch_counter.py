"""A count by other code: torch's FlopCounterMode.

It counts what is dispatched while the network runs, not a trace, at two flops per
multiply-accumulate; convolutions, matrix products and attention by its own formulas, the
aggregation and an involution's query-key product by those that `involution_core.operator.operators`
registers. What it leaves out (products of vectors, oneDNN's recurrent layers, all that is no linear
map) is counted beside it, by the formulas of `operators/table.py`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.module_tracker import ModuleTracker

from ablations.costs.conventions import FULL, MATRIX_PRODUCTS
from ablations.costs.evaluation import Inputs, call, evaluated, image_of
from ablations.costs.network_cost import ByModule
from ablations.costs.operators.table import costs_nothing, formula_of
from involution_core.counted_operators import whole_macs

_ATEN = torch.ops.aten


_NAMES: dict[Any, str] = {
    _ATEN.convolution: "conv",
    **dict.fromkeys(
        (
            _ATEN.addmm,
            _ATEN.mm,
            _ATEN.bmm,
            _ATEN.baddbmm,
            _ATEN._scaled_dot_product_flash_attention_for_cpu,
            _ATEN._scaled_dot_product_flash_attention,
            _ATEN._scaled_dot_product_efficient_attention,
            _ATEN._scaled_dot_product_cudnn_attention,
        ),
        "linear",
    ),
    torch.ops.involution_core.involution2d: "involution",
    torch.ops.involution_core.involution2d_grad_weight: "query_key",
}
"""All matrix products share one name: dispatched operators do not show their layer."""


@dataclass(frozen=True)
class TorchCount:
    """What one call of a network does.

    by_module: By the names in `network_cost.OPERATORS`; all matrix products are "linear".
    uncounted: The operators that would be counted as zero.
    """

    by_module: ByModule
    uncounted: frozenset[str]

    @property
    def operations(self) -> Mapping[str, int]:
        """Multiply-accumulates of the whole network, by operator."""
        return _macs_alone(self.by_module[""])

    @property
    def modules(self) -> Mapping[str, Mapping[str, int]]:
        """The same of each module by name."""
        return {name: _macs_alone(counts) for name, counts in self.by_module.items() if name}


def _macs_alone(counts: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if name in FULL.operators and count}


class _Owners:
    """A tracker's modules by ownership, as in fvcore: what a module does when another one than its
    owner calls it is its owner's all the same."""

    def __init__(self, tracker: ModuleTracker) -> None:
        self._tracker = tracker

    def __enter__(self) -> None:
        self._tracker.__enter__()

    def __exit__(self, *error: object) -> None:
        self._tracker.__exit__(*error)

    @property
    def parents(self) -> set[str]:
        """The module that runs, taken to be the one with the longest name, and its owners."""
        path = max(self._tracker.parents, key=lambda name: name.count(".")).split(".")
        return {"Global", *(".".join(path[:length]) for length in range(1, len(path) + 1))}


def _shaped(argument: Any) -> Any:
    """An argument as formulas want it: a tensor by its shape, and the elements of a list."""
    if isinstance(argument, Tensor):
        return tuple(argument.shape)
    if isinstance(argument, list):
        return [_shaped(element) for element in argument]
    return argument


class _Beside(TorchDispatchMode):
    """Counts under a FlopCounterMode what that one does not."""

    def __init__(self, counter: FlopCounterMode) -> None:
        super().__init__()
        self.counter = counter
        self.by_module: dict[str, Counter[str]] = defaultdict(Counter)
        self.uncounted: set[str] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = kwargs or {}
        arguments = [
            args[i] if i < len(args) else kwargs.get(declared.name, declared.default_value)
            for i, declared in enumerate(func._schema.arguments)
        ]
        arguments = [_shaped(argument) for argument in arguments]
        output = func(*args, **kwargs)
        outputs = output if isinstance(output, (tuple, list)) else (output,)
        shapes = [tuple(each.shape) for each in outputs if isinstance(each, Tensor)]
        if counted := self._counted(func, arguments, shapes):
            for module in self.counter.mod_tracker.parents:
                self.by_module[module] += counted
        return output

    def _counted(self, func: Any, arguments: list[Any], shapes: list[Any]) -> Counter[str]:
        name, formula = func._schema.name, formula_of(func._schema.name)
        by_torch = func._overloadpacket in self.counter.flop_registry
        if formula is None:
            if not by_torch and not costs_nothing(name):
                self.uncounted.add(name)
            return Counter()
        counts: Counter[str] = Counter()
        for operator, count in formula(arguments, shapes).items():
            if not by_torch or operator not in FULL.operators:
                counts["linear" if operator in MATRIX_PRODUCTS else operator] += count
        return counts


def _macs(flops: Mapping[Any, int]) -> Counter[str]:
    by_name: Counter[str] = Counter()
    for operator, count in flops.items():
        by_name[_NAMES.get(operator, "custom")] += whole_macs(str(operator), count)
    return by_name


def count_by_torch(network: nn.Module, inputs: Inputs) -> TorchCount:
    """What FlopCounterMode, and the formulas beside it, count of one call in eval mode.

    Network and inputs may be on the meta device, where nothing is computed.
    """
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = _Owners(counter.mod_tracker)  # type: ignore[assignment]
    beside = _Beside(counter)
    with evaluated(network, inputs), beside, counter:
        call(network, inputs)
    counts: dict[str, Counter[str]] = {"": Counter()}
    root = type(network).__name__
    flops = counter.get_flop_counts()
    for tracked in {*flops, *beside.by_module}:
        if tracked == root:
            continue
        name = "" if tracked == "Global" else tracked.removeprefix(f"{root}.")
        counts[name] = _macs(flops.get(tracked, {})) + beside.by_module[tracked]
    return TorchCount(counts, frozenset(beside.uncounted))


def second_count(network: nn.Module, image_size: int | tuple[int, int]) -> TorchCount:
    """Return the count of an image, 3 x `image_size` (side or (H, W)), on the network's device."""
    device = next((parameter.device for parameter in network.parameters()), None)
    return count_by_torch(network, image_of(image_size, device))
