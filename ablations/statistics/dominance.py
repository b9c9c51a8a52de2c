"""The Pareto front of cost and Top-1, and variants that are significantly dominated. No torch.

The Pareto front of the means rests on few seeds, so a variant may be on or off it by chance.
Therefore every two variants are also compared as in `contrasts`, paired by seed and corrected over
all pairs: the probability of any false dominance is at most ALPHA. The tests are two-sided, though
only the cheaper of two variants can dominate; with unlike costs it is about half of ALPHA.

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
        name: Name of the variant.
        cost: Cost in the unit of the study.
        top1: Top-1, percent, over the finished seeds.
        on_front: Whether it is on the Pareto front of the unpaired means; False without a finished
            seed.
        rivals: Contrasts of the variants that cost no more against this one, cheapest first,
            corrected over the `comparisons`.
        comparisons: Number of pairs of variants that have a p.
        seeds_needed: Minimum seeds for any significant pair; None if no pair was compared.
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
        """The rivals that significantly dominate it."""
        return tuple(contrast for contrast in self.rivals if contrast.verdict == "better")

    @property
    def dominated_by(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(contrast.name for contrast in self.dominators)


def dominances(
    costs: Mapping[str, float], tops: Mapping[str, Mapping[int, float | None]]
) -> list[Dominance]:
    """Return every variant, in the order of `tops`.

    Args:
        costs: Variant -> its cost, in any unit.
        tops: Variant -> seed -> Top-1, percent; a seed that failed is missing, None or NaN.

    Raises:
        ValueError: A variant has no finite cost.
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
    """Return the indices of the (cost, accuracy) points that no other dominates, by rising cost.

    A point dominates another if it is no worse in both and better in one. Equal points are all on
    the front or all off it.
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
