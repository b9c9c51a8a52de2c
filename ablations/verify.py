"""The proof: closed form = fvcore = second witness, layer by layer, and the printed digits.

Every count is compared as an integer, every printed number digit by digit; there is no tolerance.
The one exception is no count: figures that print no numbers, see `prove_envelope`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import nn

from ablations import formulas
from ablations.conventions import ABLATION, ENVELOPE, FULL, MATRIX_PRODUCTS, ZOO
from ablations.cost import NetworkCost, count_cost
from ablations.networks import build
from ablations.proofs import PAPER_MODEL, LayerProof, Mismatch, Row
from ablations.published import (
    ENVELOPE_DEPTHS,
    READ_OFF_FLOPS_G,
    READ_OFF_PARAMS_M,
    EnvelopePoint,
    Published,
    envelope,
    published_row,
    zoo,
)
from ablations.shipped import ABLATIONS, shipped, with_levels
from ablations.study_files import make_study
from ablations.variants import Study, Variant, architecture_of
from ablations.witness import Witness, second_count
from involution_core.architectures import ARCHITECTURES, STEM_KERNEL_SIZE, Architecture
from involution_core.forms import ATTENTION

ZOO_STEM_KERNEL_SIZE = 7

FURTHER_LEVELS = {"kernel-generator": (ATTENTION,)}
"""What the paper's talk describes and its tables lack."""

ENVELOPE_FAMILIES = ("ResNet", "RedNet")
"""Families of the accuracy-cost figures whose networks can be built here."""

WITNESSED = {
    "conv": formulas.PARAM_TERMS,
    "query_key": ("query_key",),
    "involution": ("aggregation",),
}
"""Operator of the second witness -> the terms of the closed form that it counts together."""


def _sum_terms(rows: list[Mapping[str, int]], terms: tuple[str, ...]) -> dict[str, int]:
    return {term: sum(row.get(term, 0) for row in rows) for term in terms}


def _compare(
    layer: str, kind: str, formula: Mapping[str, int], counted: Mapping[str, int]
) -> Iterator[Mismatch]:
    for term in sorted({*formula, *counted}):
        expected, found = formula.get(term, 0), counted.get(term, 0)
        if expected != found:
            yield Mismatch(layer, f"{kind} {term}", "closed form", expected, "fvcore", found)


def _layer_mismatches(proof: LayerProof, witness: Mapping[str, int]) -> Iterator[Mismatch]:
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
        for operator, terms in WITNESSED.items()
    }
    for operator in sorted({*expected, *witness}):
        macs, seen = expected.get(operator, 0), witness.get(operator, 0)
        if macs != seen:
            yield Mismatch(name, f"MACs {operator}", "closed form", macs, "FlopCounterMode", seen)


def _network_mismatches(cost: NetworkCost, witness: Witness) -> Iterator[Mismatch]:
    counted = {name: cost.operations.get(name, 0) for name in FULL.operators}
    counted["linear"] += sum(counted.pop(name) for name in MATRIX_PRODUCTS)
    for operator in sorted({*counted, *witness.operations}):
        macs, seen = counted.get(operator, 0), witness.operations.get(operator, 0)
        if macs != seen:
            yield Mismatch("", f"MACs {operator}", "fvcore", macs, "FlopCounterMode", seen)


def _published_mismatches(row: Row) -> Iterator[Mismatch]:
    published, counted = row.published, row.as_published
    if published and counted:
        for quantity, printed_there, printed_here in [
            ("#Params (M)", published.params_m, counted[0]),
            (f"FLOPs (G), {row.convention} convention", published.flops_g, counted[1]),
        ]:
            if printed_there != printed_here:
                yield Mismatch("", quantity, "published", printed_there, "fvcore", printed_here)


def _missing_layers(layers: list[formulas.SpatialLayer], cost: NetworkCost) -> Iterator[Mismatch]:
    names = [layer.name for layer in layers]
    for name in names:
        if name not in cost.layers:
            yield Mismatch(name, "layer", "closed form", "present", "network", "absent")
    for name in cost.layers:
        if name not in names:
            yield Mismatch(name, "layer", "closed form", "absent", "network", "present")


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
    value: str,
    stem_kernel_size: int = STEM_KERNEL_SIZE,
    convention: str | None = None,
    published: Published | None = None,
) -> Row:
    """Counts one network on its own image size and class number, and compares every number.

    architecture: of the variant's family. Raises cost.UncountedOperator where an operator would be
    counted as zero.
    """

    with torch.device("meta"):
        network = build(architecture, variant, architecture.classes, stem_kernel_size)
    size = architecture.image_size
    witness = second_count(network, size)
    cost = count_cost(_zeros_on_cpu(network), size)
    layers = list(formulas.spatial_layers(architecture, variant, stem_kernel_size))
    proofs = tuple(
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
    mismatches = [*_missing_layers(layers, cost)]
    for proof in proofs:
        mismatches += _layer_mismatches(proof, witness.modules.get(proof.layer.name, {}))
    mismatches += _network_mismatches(cost, witness)
    witnessed = [witness.modules.get(layer.name, {}) for layer in layers]
    closed_params = _sum_terms([formulas.params(layer) for layer in layers], formulas.PARAM_TERMS)
    closed_macs = _sum_terms([formulas.operations(layer) for layer in layers], formulas.MAC_TERMS)
    row = Row(
        study=study,
        value=value,
        model=architecture.name,
        variant=variant,
        stem_kernel_size=stem_kernel_size,
        image_size=size,
        params=cost.params,
        operations=cost.operations,
        closed_form_params=sum(closed_params.values()),
        closed_form_macs=closed_macs,
        fvcore_macs=_sum_terms([p.counted_operations for p in proofs], formulas.MAC_TERMS),
        witness_macs=_sum_terms(witnessed, tuple(WITNESSED)),
        layers=proofs,
        convention=convention,
        published=published,
        mismatches=tuple(mismatches),
    )
    return replace(row, mismatches=(*row.mismatches, *_published_mismatches(row)))


def prove_study(study: Study, cost_model: str) -> list[Row]:
    """One row for each variant; where it is one of the paper's networks, beside the paper's table.

    cost_model: the network whose costs are counted, a name in ARCHITECTURES.
    """
    rows: dict[Variant, Row] = {}
    for value, variant in study.variants.items():
        network = variant.network
        if network not in rows:
            architecture = architecture_of(cost_model, variant)
            on_paper = published_row(network, architecture)
            rows[network] = prove(
                architecture,
                network,
                study=study.name,
                value=value,
                convention=ABLATION.name if on_paper else None,
                published=on_paper,
            )
    return [
        replace(rows[variant.network], value=value, variant=variant)
        for value, variant in study.variants.items()
    ]


def prove_zoo() -> list[Row]:
    """One row for each RedNet of the authors' model zoo, with the stem's involution 7x7."""
    return [
        prove(
            ARCHITECTURES[name.lower().replace("-", "")],
            Variant(),
            study="model-zoo",
            value=name,
            stem_kernel_size=ZOO_STEM_KERNEL_SIZE,
            convention=ZOO.name,
            published=published,
        )
        for name, published in zoo().items()
    ]


def prove_envelope() -> list[Row]:
    """One row for each ResNet and RedNet of the published figures of accuracy against cost, with
    the classification code's 3x3 involution in RedNet's stem.

    The figures print no numbers. Their points were read off, and are met where the counts lie
    within the error of reading (`published.READ_OFF_PARAMS_M`, `READ_OFF_FLOPS_G`): the only
    tolerance of all proofs, and one about pictures. The counts themselves are compared exactly, as
    everywhere.
    """
    return [
        _beside_the_point(
            prove(
                ARCHITECTURES[f"{family.lower()}{depth}"],
                Variant(family=family.lower()),
                study="envelope",
                value=f"{family}-{depth}",
            ),
            point,
        )
        for family in ENVELOPE_FAMILIES
        for depth, point in zip(ENVELOPE_DEPTHS, envelope()[family], strict=True)
    ]


def _beside_the_point(row: Row, point: EnvelopePoint) -> Row:
    return replace(
        row,
        convention=ENVELOPE.name,
        published=point.row,
        mismatches=(*row.mismatches, *_read_off_mismatches(row, point)),
    )


def _read_off_mismatches(row: Row, point: EnvelopePoint) -> Iterator[Mismatch]:
    flops = ENVELOPE.count(row.operations)
    for quantity, read, error, count, unit in [
        ("#Params (M)", point.params_m, READ_OFF_PARAMS_M, row.params, 10**6),
        ("FLOPs (G), envelope convention", point.flops_g, READ_OFF_FLOPS_G, flops, 10**9),
    ]:
        if abs(count / unit - read) > error:
            there, here = f"{read} ± {error}", f"{count / unit:.3f}"
            yield Mismatch("", quantity, "read off the figure", there, "fvcore", here)


def prove_all(each: Callable[[Row], None] = lambda row: None) -> list[Row]:
    """The twelve rows of the paper's ablations, FURTHER_LEVELS, the five of the model zoo and the
    ten of the accuracy-cost figures; calls `each` for every row as it comes."""
    rows = []
    for name in ABLATIONS:
        ((axis, levels),) = shipped(name).axes.items()
        further = FURTHER_LEVELS.get(name, ())
        file = with_levels(shipped(name), {axis: (*levels, *further)})
        for row in prove_study(make_study(file), PAPER_MODEL):
            rows.append(row)
            each(row)
    for proven in (prove_zoo, prove_envelope):
        for row in proven():
            rows.append(row)
            each(row)
    return rows
