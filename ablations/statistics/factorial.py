"""Studies that cross axes: what each does on average, and two together. No torch.

Both are contrasts over seeds, of the averages of cells that a seed has in common. The cells of one
seed share its luck and are no observations of their own: averaging comes first, and n counts seeds,
however many cells there are. A seed that lacks one of the cells of an average is left out of it,
because the average of the rest would be that of another design.

The test of `contrasts` asks for differences that are symmetric around zero where nothing is to be
found. Noise that is alike in all cells makes those here symmetric, whatever its distribution: an
interaction adds two cells and takes two away.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from math import isfinite, prod

import numpy as np

from ablations.statistics.contrasts import (
    Contrast,
    contrast_samples,
    contrast_study,
    paired_differences,
)
from ablations.statistics.intervals import Interval, mean_interval

Tops = Mapping[str, Mapping[int, float | None]]
"""Variant -> seed -> Top-1, percent; a seed that failed is missing, None or NaN."""

_Pair = tuple[str, str]


@dataclass(frozen=True)
class Factors:
    """Where each variant of a study stands on its axes.

    axes: their names. levels: variant -> its level on each axis, in the order of `axes`.
    baseline: the levels that the others are held against.

    Raises ValueError for an axis named twice, a variant with more or fewer levels than axes, and
    a baseline whose levels no variant has.
    """

    axes: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    baseline: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.axes)) < len(self.axes):
            raise ValueError(f"an axis is named twice: {', '.join(self.axes)}")
        for value, levels in self.levels.items():
            if len(levels) != len(self.axes):
                raise ValueError(f"{value} has {len(levels)} levels on {len(self.axes)} axes")
        if self.baseline not in self.levels.values():
            raise ValueError(f"no variant has the baseline's levels: {', '.join(self.baseline)}")

    def levels_of(self, axis: str) -> list[str]:
        """The distinct levels of an axis, in order of appearance."""
        place = self.axes.index(axis)
        return list(dict.fromkeys(levels[place] for levels in self.levels.values()))

    def baseline_of(self, axis: str) -> str:
        """The baseline's level on an axis."""
        return self.baseline[self.axes.index(axis)]

    @property
    def varied(self) -> tuple[str, ...]:
        """The axes with at least two levels."""
        return tuple(axis for axis in self.axes if len(self.levels_of(axis)) > 1)

    @property
    def crossed(self) -> bool:
        """Whether every combination of the axes' levels is there, and once."""
        cells = list(self.levels.values())
        combinable = prod(len(self.levels_of(axis)) for axis in self.axes)
        return len(set(cells)) == len(cells) == combinable

    def cells(self, fixed: Mapping[str, str]) -> list[str]:
        """The variants that have these levels; fixed: axis -> level."""
        places = {self.axes.index(axis): level for axis, level in fixed.items()}
        return [
            value
            for value, levels in self.levels.items()
            if all(levels[place] == level for place, level in places.items())
        ]


@dataclass(frozen=True)
class Marginal:
    """One level of an axis, averaged over the cells of all other axes.

    cells:    how many are averaged.
    n:        seeds in which all of them finished.
    mean:     Top-1, percent, over those seeds; interval: see `mean_interval`.
    contrast: with the baseline's level of this axis, over seeds in which all cells of both
              finished, corrected over the levels of this axis; None for the baseline's own.
    """

    axis: str
    level: str
    cells: int
    n: int
    mean: float | None
    interval: Interval | None
    contrast: Contrast | None


@dataclass(frozen=True)
class Interaction:
    """What two levels, of two axes, do together beyond what each does alone.

    axes, levels, baseline: the two axes, the level on each, the baseline's level on each.
    contrast: (y[a, b] - y[a0, b]) - (y[a, b0] - y[a0, b0]) over seeds, points of Top-1, each y
              averaged over the cells of the other axes, corrected over all interactions of the
              study. "better": a and b together have a higher Top-1 than the baseline's with both
              differences added to it, "worse": a lower one.
    """

    axes: tuple[str, str]
    levels: tuple[str, str]
    baseline: tuple[str, str]
    contrast: Contrast


def marginals(factors: Factors, tops: Tops) -> list[Marginal]:
    """Every level of every axis that has at least two, by axis, in order of appearance.

    tops: of every variant of `factors`. Empty where the study is no full crossing of at least two
    such axes: averages over different cells are not comparable.

    Each axis is corrected as a study of its own: its chance of any false verdict is that of
    `contrasts`, the chance over all axes may be as many times as large as there are axes.
    """
    if not _is_factorial(factors):
        return []
    found = []
    for axis in factors.varied:
        cells = {level: factors.cells({axis: level}) for level in factors.levels_of(axis)}
        averages = {level: _averages(values, tops) for level, values in cells.items()}
        contrasts = {c.value: c for c in contrast_study(averages, factors.baseline_of(axis))}
        for level, by_seed in averages.items():
            sample = list(by_seed.values())
            found.append(
                Marginal(
                    axis=axis,
                    level=level,
                    cells=len(cells[level]),
                    n=len(sample),
                    mean=float(np.mean(sample)) if sample else None,
                    interval=mean_interval(sample),
                    contrast=contrasts.get(level),
                )
            )
    return found


def interactions(factors: Factors, tops: Tops) -> list[Interaction]:
    """Every pair of levels of every pair of axes that are not the baseline's, in their order.

    tops: of every variant of `factors`. Empty where `marginals` is.
    """
    if not _is_factorial(factors):
        return []
    pairs = list(_pairs(factors))
    samples = {
        (_name(axes, levels), _name(axes, baseline)): paired_differences(
            _change(factors, tops, axes, levels, baseline),
            _change(factors, tops, axes, (levels[0], baseline[1]), baseline),
        )
        for axes, levels, baseline in pairs
    }
    return [
        Interaction(*pair, contrast)
        for pair, contrast in zip(pairs, contrast_samples(samples), strict=True)
    ]


def _is_factorial(factors: Factors) -> bool:
    return factors.crossed and len(factors.varied) > 1


def _pairs(factors: Factors) -> Iterator[tuple[_Pair, _Pair, _Pair]]:
    """Two axes, a level on each that is not the baseline's, the baseline's levels."""
    for axes in combinations(factors.varied, 2):
        baseline = (factors.baseline_of(axes[0]), factors.baseline_of(axes[1]))
        for levels in product(factors.levels_of(axes[0]), factors.levels_of(axes[1])):
            if levels[0] != baseline[0] and levels[1] != baseline[1]:
                yield axes, levels, baseline


def _name(axes: _Pair, levels: _Pair) -> str:
    return f"{axes[0]}={levels[0]}, {axes[1]}={levels[1]}"


def _change(
    factors: Factors, tops: Tops, axes: _Pair, levels: _Pair, baseline: _Pair
) -> dict[int, float]:
    """Seed -> how the first level differs from its baseline, points, where the second holds."""
    changed, unchanged = (
        _averages(factors.cells({axes[0]: first, axes[1]: levels[1]}), tops)
        for first in (levels[0], baseline[0])
    )
    return {seed: changed[seed] - unchanged[seed] for seed in changed.keys() & unchanged.keys()}


def _averages(values: Collection[str], tops: Tops) -> dict[int, float]:
    """Seed -> the mean Top-1 of the variants `values`, for seeds in which all of them finished."""
    averages = {}
    for seed in sorted(set.intersection(*(set(tops[value]) for value in values))):
        cells = [top for value in values if (top := tops[value][seed]) is not None]
        if len(cells) == len(values) and all(map(isfinite, cells)):
            averages[seed] = sum(cells) / len(cells)
    return averages
