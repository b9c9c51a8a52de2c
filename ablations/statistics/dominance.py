"""Which variants cost no more than another and are certainly better. No torch.

The front of the means says which variants no other beats as the means stand. They stand on few
seeds, so that a variant may be on the front, or off it, by luck. What is certain is asked pair by
pair: every two variants of a study are compared as in `contrasts`, paired by seed and corrected
over all pairs, so that the chance that any variant is called dominated by one that is no better is
at most ALPHA. The tests are two-sided though of two variants with unlike costs only the cheaper can
dominate: a study of such variants goes wrong in about half of that.

Costs are taken as exact, as counts of parameters and operations are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from math import isfinite

import numpy as np

from ablations.statistics.contrasts import (
    Contrast,
    Verdict,
    contrast_samples,
    paired_differences,
    seeds_needed,
)
from ablations.statistics.intervals import Interval, mean_interval
from ablations.statistics.pareto import pareto_front

_OPPOSITE: Mapping[Verdict, Verdict] = {"better": "worse", "worse": "better"}


@dataclass(frozen=True)
class Dominance:
    """One variant among those that cost no more.

    n:            seeds that finished.
    mean:         Top-1, percent, over those seeds; interval: see `mean_interval`.
    on_front:     whether it is on the front of the costs and these means, which are not paired; no
                  where no seed finished.
    rivals:       every other variant that costs no more, against this one, the cheapest first;
                  corrected over the `comparisons` of the study, the pairs that have a p.
    seeds_needed: fewer seeds cannot tell any pair; None where no pair was compared.
    """

    value: str
    cost: float
    n: int
    mean: float | None
    interval: Interval | None
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
        return tuple(contrast.value for contrast in self.dominators)


def dominances(
    costs: Mapping[str, float], tops: Mapping[str, Mapping[int, float | None]]
) -> list[Dominance]:
    """Every variant, in the order of `tops`.

    costs: variant -> its cost, in any unit. tops: variant -> seed -> Top-1, percent; a seed that
    failed is missing, None or NaN.

    Raises ValueError for a variant without a finite cost.
    """
    for value in tops:
        if not isfinite(costs.get(value, float("nan"))):
            raise ValueError(f"{value} has no finite cost")
    by_cost = sorted(tops, key=lambda value: costs[value])
    contrasts = contrast_samples(
        {
            (cheaper, dearer): paired_differences(tops[cheaper], tops[dearer])
            for cheaper, dearer in combinations(by_cost, 2)
        }
    )
    rivals: dict[str, list[Contrast]] = {value: [] for value in tops}
    for contrast in contrasts:
        rivals[contrast.baseline].append(contrast)
        if costs[contrast.value] == costs[contrast.baseline]:
            rivals[contrast.value].append(_turned(contrast))
    finished = {
        value: [top for top in by_seed.values() if top is not None and isfinite(top)]
        for value, by_seed in tops.items()
    }
    means = {value: float(np.mean(sample)) for value, sample in finished.items() if sample}
    measured = list(means)
    front = {measured[i] for i in pareto_front([(costs[v], means[v]) for v in measured])}
    comparisons = sum(contrast.p is not None for contrast in contrasts)
    return [
        Dominance(
            value=value,
            cost=costs[value],
            n=len(sample),
            mean=means.get(value),
            interval=mean_interval(sample),
            on_front=value in front,
            rivals=tuple(rivals[value]),
            comparisons=comparisons,
            seeds_needed=seeds_needed(comparisons) if comparisons else None,
        )
        for value, sample in finished.items()
    ]


def _turned(contrast: Contrast) -> Contrast:
    """The same comparison, seen from the other side."""
    return replace(
        contrast,
        value=contrast.baseline,
        baseline=contrast.value,
        mean=None if contrast.mean is None else -contrast.mean,
        t_interval=_negated(contrast.t_interval),
        bca_interval=_negated(contrast.bca_interval),
        verdict=_OPPOSITE.get(contrast.verdict, contrast.verdict),
    )


def _negated(interval: Interval | None) -> Interval | None:
    return None if interval is None else (-interval[1], -interval[0])
