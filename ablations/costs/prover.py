"""The proof: closed form = fvcore = torch's counter, layer by layer, and the printed digits.

Without fvcore the proof uses torch's counter alone.

Every count is compared as an integer, every printed number digit by digit; there is no tolerance.
The one exception is no count: figures that print no numbers, see `prove_envelope`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ablations.costs import formulas
from ablations.costs.conventions import FULL, MATRIX_PRODUCTS
from ablations.costs.counters import COUNTERS, TORCH, count_cost
from ablations.costs.network_cost import NetworkCost
from ablations.costs.proof import LayerProof, Mismatch, Proof
from ablations.costs.torch_counter import TorchCount, second_count
from ablations.networks.builders import build
from ablations.networks.layers import SpatialLayer
from ablations.study.variants import Variant
from involution_core.networks.architectures import STEM_KERNEL_SIZE, Architecture

_ATEN = torch.ops.aten

TORCH_OPERATORS = {
    "conv": formulas.PARAM_TERMS,
    "query_key": ("query_key",),
    "involution": ("aggregation",),
}
"""Operator of torch's counter -> the terms of the closed form that it counts together."""


def _sum_terms(rows: list[Mapping[str, int]], terms: tuple[str, ...]) -> dict[str, int]:
    return {term: sum(row.get(term, 0) for row in rows) for term in terms}


def _compare(
    layer: str, kind: str, formula: Mapping[str, int], counted: Mapping[str, int]
) -> Iterator[Mismatch]:
    for term in sorted({*formula, *counted}):
        expected, found = formula.get(term, 0), counted.get(term, 0)
        if expected != found:
            yield Mismatch(layer, f"{kind} {term}", "closed form", expected, COUNTERS[0], found)


def _layer_mismatches(proof: LayerProof, by_torch: Mapping[str, int]) -> Iterator[Mismatch]:
    name = proof.layer.name
    if proof.layer.own_code:
        aggregation = {"aggregation": proof.counted_operations.get("aggregation", 0)}
        yield from _compare(name, "operations", proof.formula_operations, aggregation)
        return
    yield from _compare(name, "params", proof.formula_params, proof.counted_params)
    yield from _compare(name, "operations", proof.formula_operations, proof.counted_operations)
    formula = proof.formula_operations
    expected = {
        operator: sum(formula.get(term, 0) for term in terms)
        for operator, terms in TORCH_OPERATORS.items()
    }
    for operator in sorted({*expected, *by_torch}):
        macs, seen = expected.get(operator, 0), by_torch.get(operator, 0)
        if macs != seen:
            yield Mismatch(name, f"MACs {operator}", "closed form", macs, TORCH, seen)


def _network_mismatches(cost: NetworkCost, by_torch: TorchCount) -> Iterator[Mismatch]:
    counted = {name: cost.operations.get(name, 0) for name in FULL.operators}
    counted["linear"] += sum(counted.pop(name) for name in MATRIX_PRODUCTS)
    for operator in sorted({*counted, *by_torch.operations}):
        macs, seen = counted.get(operator, 0), by_torch.operations.get(operator, 0)
        if macs != seen:
            yield Mismatch("", f"MACs {operator}", COUNTERS[0], macs, TORCH, seen)


def _missing_layers(layers: list[SpatialLayer], cost: NetworkCost) -> Iterator[Mismatch]:
    names = [layer.name for layer in layers]
    for name in names:
        if name not in cost.layers:
            yield Mismatch(name, "layer", "closed form", "present", "network", "absent")
    for name in cost.layers:
        if name not in names:
            yield Mismatch(name, "layer", "closed form", "absent", "network", "present")


def _counts(
    architecture: Architecture, variant: Variant, stem_kernel_size: int
) -> tuple[TorchCount, NetworkCost]:
    """Return the counts by torch's counter and by the first of COUNTERS."""
    size, network = architecture.image_shape, (architecture, variant, architecture.classes)
    if variant.own_code:  # which need not know the meta device
        own = build(*network, stem_kernel_size)
        return second_count(own, size), count_cost(own, size)
    with torch.device("meta"), Unfilled():
        ours = build(*network, stem_kernel_size)
    with ShapedBatchNorm():
        by_torch = second_count(ours, size)
    return by_torch, count_cost(_zeros_on_cpu(ours), size)


def _zeros_on_cpu(network: nn.Module) -> nn.Module:
    """The network with real tensors, which tracing needs; counts do not depend on their values."""
    network = network.to_empty(device="cpu")
    for tensor in network.state_dict().values():
        tensor.zero_()
    return network


def prove(
    architecture: Architecture,
    variant: Variant,
    *,
    study: str,
    name: str,
    stem_kernel_size: int = STEM_KERNEL_SIZE,
) -> Proof:
    """Count one network at its image size and number of classes, and compare all counts.

    `proof_rows` adds the comparison with published figures.

    Args:
        architecture: Architecture of the variant's family.
        variant: The variant.
        study: Name of the study.
        name: Name of the variant.
        stem_kernel_size: Kernel size of the stem's involution, pixels.

    Raises:
        UncountedOperator: An operator has no count.
    """
    family = variant.kind
    by_torch, cost = _counts(architecture, variant, stem_kernel_size)
    layers = list(family.layers(architecture, variant.involution, stem_kernel_size))
    layer_proofs = tuple(
        LayerProof(
            layer,
            formulas.params(layer),
            cost.layers[layer.name].params,
            formulas.operations(layer),
            cost.layers[layer.name].operations,
        )
        for layer in layers
        if layer.name in cost.layers
    )
    mismatches = [*_missing_layers(layers, cost)] if family.closed_form else []
    by_module = by_torch.modules
    for layer_proof in layer_proofs:
        counted = by_module.get(layer_proof.layer.name, {})
        mismatches += _layer_mismatches(layer_proof, counted)
    mismatches += _network_mismatches(cost, by_torch)
    torch_layers = [by_module.get(layer.name, {}) for layer in layers]
    closed_params = _sum_terms([formulas.params(layer) for layer in layers], formulas.PARAM_TERMS)
    closed_macs = _sum_terms([formulas.operations(layer) for layer in layers], formulas.MAC_TERMS)
    return Proof(
        study=study,
        name=name,
        model=architecture.name,
        variant=variant,
        stem_kernel_size=stem_kernel_size,
        image_size=variant.image_size or architecture.image_size,
        counters=COUNTERS,
        params=cost.params,
        operations=cost.operations,
        closed_form_params=sum(closed_params.values()),
        closed_form_macs=closed_macs,
        counted_macs=_sum_terms(
            [found.counted_operations for found in layer_proofs], formulas.MAC_TERMS
        ),
        torch_macs=_sum_terms(torch_layers, tuple(TORCH_OPERATORS)),
        layers=layer_proofs,
        convention=None,
        published=None,
        mismatches=tuple(mismatches),
    )


class Unfilled(TorchFunctionMode):
    """A mode that skips initialising parameters, which have no values on the meta device."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if func in (Tensor.normal_, Tensor.uniform_, Tensor.fill_, Tensor.zero_):
            return args[0]
        return func(*args, **(kwargs or {}))


class ShapedBatchNorm(TorchDispatchMode):
    """A mode in which BatchNorm (eval, meta device) just returns a map of its input's shape.

    torch would decompose it in Python, which is slow. Counters entered within this mode still see
    the operator.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if func is _ATEN._native_batch_norm_legit_no_training.default and args[0].is_meta:
            x = args[0]
            return torch.empty_like(x), x.new_empty(0), x.new_empty(0)
        return func(*args, **(kwargs or {}))
