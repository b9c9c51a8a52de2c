"""Which variants cost no more than another and are certainly better. No torch.

The front of the means says which variants no other beats as the means stand. They stand on few
seeds, so that a variant may be on the front, or off it, by luck. What is certain is asked pair by
pair: every two variants of a study are compared as in `contrasts`, paired by seed and corrected
over all pairs, so that the chance that any variant is called dominated by one that is no better is
at most ALPHA. The tests are two-sided though of two variants with unlike costs only the cheaper can
dominate: a study of such variants goes wrong in about half of that.

Costs are taken as exact, as counts of parameters and operations are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite

from ablations.statistics.contrasts import Contrast, contrast_samples, paired_differences
from ablations.statistics.estimate import Estimate
from ablations.statistics.significance import seeds_needed


@dataclass(frozen=True)
class Dominance:
    """One variant among those that cost no more.

    Attributes:
        name: Of the variant.
        cost: In the unit of the study's costs.
        top1: Percent, over the seeds that finished.
        on_front: Whether it is on the front of the costs and these means, which are not paired; no
            where no seed finished.
        rivals: Every other variant that costs no more, against this one, the cheapest first;
            corrected over the `comparisons` of the study.
        comparisons: The pairs of variants that have a p.
        seeds_needed: Fewer seeds cannot tell any pair; None where no pair was compared.
    """

    name: str
    cost: float
    top1: Estimate
    on_front: bool
    rivals: tuple[Contrast, ...]
    comparisons: int
    seeds_needed: int | None

    @property
    def dominators(self) -> tuple[Contrast, ...]:
        """The rivals that certainly dominate it."""
        return tuple(contrast for contrast in self.rivals if contrast.verdict == "better")

    @property
    def dominated_by(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(contrast.name for contrast in self.dominators)


def dominances(
    costs: Mapping[str, float], tops: Mapping[str, Mapping[int, float | None]]
) -> list[Dominance]:
    """Every variant, in the order of `tops`.

    Args:
        costs: Variant -> its cost, in any unit.
        tops: Variant -> seed -> Top-1, percent; a seed that failed is missing, None or NaN.

    Raises:
        ValueError: For a variant without a finite cost.
    """
    for name in tops:
        if not isfinite(costs.get(name, float("nan"))):
            raise ValueError(f"{name} has no finite cost")
    contrasts = _pairs(costs, tops)
    estimates = {name: Estimate.of(by_seed.values()) for name, by_seed in tops.items()}
    front, rivals = _front(costs, estimates), _rivals(costs, contrasts)
    comparisons = sum(contrast.p is not None for contrast in contrasts)
    return [
        Dominance(
            name=name,
            cost=costs[name],
            top1=top1,
            on_front=name in front,
            rivals=tuple(rivals.get(name, ())),
            comparisons=comparisons,
            seeds_needed=seeds_needed(comparisons) if comparisons else None,
        )
        for name, top1 in estimates.items()
    ]


def _pairs(
    costs: Mapping[str, float], tops: Mapping[str, Mapping[int, float | None]]
) -> list[Contrast]:
    """Every two variants, the cheaper one against the dearer."""
    by_cost = sorted(tops, key=lambda name: costs[name])
    return contrast_samples(
        {
            (cheaper, dearer): paired_differences(tops[cheaper], tops[dearer])
            for cheaper, dearer in combinations(by_cost, 2)
        }
    )


def _rivals(costs: Mapping[str, float], contrasts: list[Contrast]) -> dict[str, list[Contrast]]:
    """Variant -> the contrasts of those that cost no more, against it."""
    rivals: dict[str, list[Contrast]] = {}
    for contrast in contrasts:
        rivals.setdefault(contrast.baseline, []).append(contrast)
        if costs[contrast.name] == costs[contrast.baseline]:
            rivals.setdefault(contrast.name, []).append(contrast.reversed)
    return rivals


def _front(costs: Mapping[str, float], estimates: Mapping[str, Estimate]) -> set[str]:
    points = [(n, (costs[n], top1.mean)) for n, top1 in estimates.items() if top1.mean is not None]
    return {points[i][0] for i in pareto_front([point for _, point in points])}


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of the (cost, accuracy) points that no other point dominates, by rising cost.

    A point dominates another where it costs no more and is no less accurate, and is better in one
    of the two. Equal points are all on the front or all off it.
    """
    front: list[int] = []
    for index in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if (
            not front
            or points[index][1] > points[front[-1]][1]
            or points[index] == points[front[-1]]
        ):
            front.append(index)
    return front
