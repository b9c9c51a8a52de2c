"""The networks that are proven, with their published figures, in several processes. No torch."""

import gc
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

from ablations.costs.conventions import ABLATION, ZOO
from ablations.costs.proof import PAPER_MODEL, Proof
from ablations.costs.proof_rows import Row, by_network, prove_rows
from ablations.costs.published import (
    ENVELOPE_DEPTHS,
    ENVELOPE_FAMILIES,
    envelope_point,
    published_row,
    zoo,
)
from ablations.study.builder import make_study
from ablations.study.shipped_studies import ABLATIONS, shipped, with_levels
from ablations.study.study import Study
from ablations.study.variants import Variant, architecture_of
from involution_core.generators.forms import ATTENTION
from involution_core.networks.architectures import ARCHITECTURES

MOST = 4
"""Maximum processes: each takes about 0.5 GiB, and its imports as long as a few networks."""

METHOD = "forkserver" if sys.platform == "linux" else "spawn"

ZOO_STEM_KERNEL_SIZE = 7

FURTHER_LEVELS = {"kernel-generator": (ATTENTION,)}
"""What the paper's talk describes and its tables lack."""


def prove_study(
    study: Study, cost_model: str, each: Callable[[Proof], None] = lambda proof: None
) -> list[Proof]:
    """One proof for each variant. Where a study varies family or depth, beside the points of the
    accuracy-cost figures; else, where it is one of their networks, beside the ablation tables.

    Args:
        study: The study.
        cost_model: The network whose costs are counted, a name in ARCHITECTURES.
        each: Is called with the proof of every different network as it comes.

    Raises:
        UncountedOperator: Where an operator would be counted as zero.
    """
    proofs: dict[str, Proof] = {}
    for rows in by_network(study_rows(study, cost_model)):
        first, *others = prove_rows(rows)
        each(first)
        proofs |= {proof.name: proof for proof in (first, *others)}
    return [proofs[name] for name in study.variants]


def study_rows(study: Study, cost_model: str) -> Iterator[Row]:
    """One row for each variant of a study, in their order; see `prove_study`."""
    of_figures = not {"family", "depth"}.isdisjoint(study.axes)
    for name, variant in study.variants.items():
        yield _row(study.name, name, variant, cost_model, of_figures)


def _row(study: str, name: str, variant: Variant, cost_model: str, of_figures: bool) -> Row:
    architecture = architecture_of(cost_model, variant)
    row = Row(study, name, architecture, variant)
    if of_figures:
        return replace(row, point=envelope_point(variant, architecture))
    printed = published_row(variant, architecture)
    return replace(row, convention=ABLATION.name if printed else None, published=printed)


def _ablation_rows() -> Iterator[Row]:
    for name in ABLATIONS:
        ((axis, levels),) = shipped(name).axes.items()
        further = FURTHER_LEVELS.get(name, ())
        file = with_levels(shipped(name), {axis: (*levels, *further)})
        yield from study_rows(make_study(file), PAPER_MODEL)


def _zoo_rows() -> Iterator[Row]:
    """The RedNets of the authors' model zoo, with the stem's involution 7x7."""
    for name, published in zoo().items():
        architecture = ARCHITECTURES[name.lower().replace("-", "")]
        yield Row(
            "model-zoo", name, architecture, Variant(), ZOO_STEM_KERNEL_SIZE, ZOO.name, published
        )


def _envelope_rows() -> Iterator[Row]:
    for family, printed in ENVELOPE_FAMILIES.items():
        for depth in ENVELOPE_DEPTHS:
            name, model = f"{printed}-{depth}", f"rednet{depth}"
            yield _row("envelope", name, Variant(family=family), model, of_figures=True)


def prove_envelope() -> list[Proof]:
    """One proof for each ResNet and RedNet of the published figures of accuracy against cost, with
    the classification code's 3x3 involution in RedNet's stem.

    The figures print no numbers. Their points were read off, and are met where the counts lie
    within the error of reading (`published.READ_OFF_PARAMS_M`, `READ_OFF_FLOPS_G`): the only
    tolerance of all proofs, and one about pictures. The counts themselves are compared exactly, as
    everywhere.
    """
    return [proof for rows in by_network(_envelope_rows()) for proof in prove_rows(rows)]


def prove_all(
    each: Callable[[Proof], None] = lambda proof: None, processes: int = 1
) -> list[Proof]:
    """The proofs of all published networks, and of FURTHER_LEVELS.

    Published are the twelve networks of the paper's ablations, the five of the model zoo and the
    ten of the accuracy-cost figures. A network that is in several is counted once.

    Args:
        each: Is called with every proof as it comes.
        processes: Number of processes.

    Raises:
        UncountedOperator: An operator has no count.
        BrokenProcessPool: A process died.
    """
    rows = [*_ablation_rows(), *_zoo_rows(), *_envelope_rows()]
    groups = by_network(rows)
    proven = zip(groups, prove_side_by_side(groups, processes), strict=True)
    found: dict[Row, Proof] = {}
    for row in rows:
        while row not in found:  # networks come in the order in which rows first have them
            found |= dict(zip(*next(proven), strict=True))
        each(found[row])
    return [found[row] for row in rows]


def prove_side_by_side(groups: list[list[Row]], processes: int) -> Iterator[list[Proof]]:
    """Yield `prove_rows` of every group, in order; one process means this one.

    Raises:
        UncountedOperator: An operator has no count.
        BrokenProcessPool: A process died.
    """
    processes = min(processes, MOST, len(groups))
    if processes <= 1:
        yield from map(prove_rows, groups)
        return
    context = get_context(METHOD)
    if METHOD == "forkserver":  # what all need is imported once
        context.set_forkserver_preload(["ablations.costs.prover"])
    with ProcessPoolExecutor(processes, context, _begin) as pool:
        yield from pool.map(prove_rows, groups)


def _begin() -> None:
    """Set up a process: ignore Ctrl-C, which the parent handles, and use one core."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    gc.freeze()  # exempts imported modules from garbage collection
