"""Which networks are proven, and beside which published figures."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ablations.costs.conventions import ABLATION, ENVELOPE, ZOO
from ablations.costs.proof import PAPER_MODEL, Mismatch, Proof
from ablations.costs.prover import prove
from ablations.costs.published import (
    ENVELOPE_DEPTHS,
    ENVELOPE_FAMILIES,
    READ_OFF_FLOPS_G,
    READ_OFF_PARAMS_M,
    EnvelopePoint,
    envelope_point,
    published_row,
    zoo,
)
from ablations.networks.network import Network
from ablations.study.builder import make_study
from ablations.study.shipped_studies import ABLATIONS, shipped, with_levels
from ablations.study.study import Study
from ablations.study.variants import Variant, architecture_of
from involution_core.architectures import ARCHITECTURES
from involution_core.forms import ATTENTION

ZOO_STEM_KERNEL_SIZE = 7

FURTHER_LEVELS = {"kernel-generator": (ATTENTION,)}
"""What the paper's talk describes and its tables lack."""


def prove_study(
    study: Study, cost_model: str, each: Callable[[Proof], None] = lambda proof: None
) -> list[Proof]:
    """One proof for each variant. Where a study varies family or depth, beside the points of the
    accuracy-cost figures; else, where it is one of their networks, beside the ablation tables.

    Args:
        study: Of the variants.
        cost_model: The network whose costs are counted, a name in ARCHITECTURES.
        each: Is called with the proof of every different network as it comes.
    """
    of_figures = not {"family", "depth"}.isdisjoint(study.axes)
    proofs: dict[Network, Proof] = {}
    for name, variant in study.variants.items():
        if variant.network not in proofs:
            proofs[variant.network] = _prove_variant(
                study.name, name, replace(variant, training=()), cost_model, of_figures
            )
            each(proofs[variant.network])
    return [
        replace(proofs[variant.network], name=name, variant=variant)
        for name, variant in study.variants.items()
    ]


def _prove_variant(
    study: str, name: str, variant: Variant, cost_model: str, of_figures: bool
) -> Proof:
    architecture = architecture_of(cost_model, variant)
    if of_figures:
        point = envelope_point(variant, architecture)
        proof = prove(architecture, variant, study=study, name=name)
        return proof if point is None else _beside_the_point(proof, point)
    printed = published_row(variant, architecture)
    convention = ABLATION.name if printed else None
    return prove(
        architecture, variant, study=study, name=name, convention=convention, published=printed
    )


def prove_zoo() -> list[Proof]:
    """One proof for each RedNet of the authors' model zoo, with the stem's involution 7x7."""
    return [
        prove(
            ARCHITECTURES[name.lower().replace("-", "")],
            Variant(),
            study="model-zoo",
            name=name,
            stem_kernel_size=ZOO_STEM_KERNEL_SIZE,
            convention=ZOO.name,
            published=published,
        )
        for name, published in zoo().items()
    ]


def prove_envelope() -> list[Proof]:
    """One proof for each ResNet and RedNet of the published figures of accuracy against cost, with
    the classification code's 3x3 involution in RedNet's stem.

    The figures print no numbers. Their points were read off, and are met where the counts lie
    within the error of reading (`published.READ_OFF_PARAMS_M`, `READ_OFF_FLOPS_G`): the only
    tolerance of all proofs, and one about pictures. The counts themselves are compared exactly, as
    everywhere.
    """
    return [
        _prove_variant(
            "envelope",
            f"{printed}-{depth}",
            Variant(family=family),
            f"rednet{depth}",
            of_figures=True,
        )
        for family, printed in ENVELOPE_FAMILIES.items()
        for depth in ENVELOPE_DEPTHS
    ]


def _beside_the_point(proof: Proof, point: EnvelopePoint) -> Proof:
    return replace(
        proof,
        convention=ENVELOPE.name,
        published=point.row,
        mismatches=(*proof.mismatches, *_read_off_mismatches(proof, point)),
    )


def _read_off_mismatches(proof: Proof, point: EnvelopePoint) -> Iterator[Mismatch]:
    flops = ENVELOPE.count(proof.operations)
    for quantity, read, error, count, unit in [
        ("#Params (M)", point.params_m, READ_OFF_PARAMS_M, proof.params, 10**6),
        ("FLOPs (G), envelope convention", point.flops_g, READ_OFF_FLOPS_G, flops, 10**9),
    ]:
        if abs(count / unit - read) > error:
            there, here = f"{read} ± {error}", f"{count / unit:.3f}"
            yield Mismatch("", quantity, "read off the figure", there, proof.counters[0], here)


def prove_all(each: Callable[[Proof], None] = lambda proof: None) -> list[Proof]:
    """The proofs of all published networks, and of FURTHER_LEVELS.

    Published are the twelve networks of the paper's ablations, the five of the model zoo and the
    ten of the accuracy-cost figures.

    Args:
        each: Is called with every proof as it comes.
    """
    proofs = []
    for name in ABLATIONS:
        ((axis, levels),) = shipped(name).axes.items()
        further = FURTHER_LEVELS.get(name, ())
        file = with_levels(shipped(name), {axis: (*levels, *further)})
        for proof in prove_study(make_study(file), PAPER_MODEL):
            proofs.append(proof)
            each(proof)
    for proven in (prove_zoo, prove_envelope):
        for proof in proven():
            proofs.append(proof)
            each(proof)
    return proofs
