"""Crossed studies: the average effect of each axis, and interactions of two. No torch.

Both are contrasts over seeds, of averages of cells. The cells of one seed share its luck and are
not independent observations: averaging comes first, and n counts seeds, not cells. A seed that
lacks a cell of an average is left out: the average of the rest would belong to another design.

The test of `contrasts` requires differences that are symmetric around zero under the null. Noise
that is alike in all cells makes these symmetric, whatever its distribution: an interaction adds two
cells and subtracts two.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from math import isfinite

from ablations.statistics.contrasts import (
    Contrast,
    contrast_samples,
    contrast_study,
    paired_differences,
)
from ablations.statistics.design import Design
from ablations.statistics.estimate import Estimate

Tops = Mapping[str, Mapping[int, float | None]]
"""Variant -> seed -> Top-1, percent; a seed that failed is missing, None or NaN."""

_Pair = tuple[str, str]


@dataclass(frozen=True)
class Marginal:
    """One level of an axis, averaged over the cells of all other axes.

    Attributes:
        axis: Its name.
        level: On the axis.
        cells: How many are averaged.
        top1: Percent, over the seeds in which all of them finished.
        contrast: With the baseline's level of this axis, over the seeds in which all cells of both
            finished, corrected over the levels of this axis; None for the baseline's own.
    """

    axis: str
    level: str
    cells: int
    top1: Estimate
    contrast: Contrast | None


@dataclass(frozen=True)
class Interaction:
    """What two levels, of two axes, do together beyond what each does alone.

    Attributes:
        axes: The two axes.
        levels: The level on each.
        baseline: The baseline's level on each.
        contrast: (y[a, b] - y[a0, b]) - (y[a, b0] - y[a0, b0]) over seeds, points of Top-1, each y
            averaged over the cells of the other axes, corrected over all interactions of the
            study. "better": a and b together have a higher Top-1 than the baseline's with both
            differences added to it, "worse": a lower one.
    """

    axes: tuple[str, str]
    levels: tuple[str, str]
    baseline: tuple[str, str]
    contrast: Contrast


def marginals(design: Design, tops: Tops) -> list[Marginal]:
    """Every level of every axis that has at least two, by axis, in order of appearance.

    Each axis is corrected as a separate study: its chance of any false verdict is that of
    `contrasts`, the chance over all axes may be as many times as large as there are axes.

    Args:
        design: The design. If it is not crossed there are no marginals: averages over different
            cells are not comparable.
        tops: Top-1 of every variant of the design, by block.
    """
    if not design.crossed:
        return []
    return [found for axis in design.varied for found in _of_axis(design, tops, axis)]


def _of_axis(design: Design, tops: Tops, axis: str) -> Iterator[Marginal]:
    cells = {level: design.cells({axis: level}) for level in design.levels_of(axis)}
    averages = {level: _averages(names, tops) for level, names in cells.items()}
    contrasts = {c.name: c for c in contrast_study(averages, design.baseline_of(axis))}
    for level, by_seed in averages.items():
        yield Marginal(
            axis=axis,
            level=level,
            cells=len(cells[level]),
            top1=Estimate.of(by_seed.values()),
            contrast=contrasts.get(level),
        )


def interactions(design: Design, tops: Tops) -> list[Interaction]:
    """Every pair of levels of every pair of axes that are not the baseline's, in their order.

    Args:
        design: The design. If it is not crossed there are no interactions.
        tops: Top-1 of every variant of the design, by block.
    """
    if not design.crossed:
        return []
    pairs = list(_pairs(design))
    samples = {
        (_name(axes, levels), _name(axes, baseline)): paired_differences(
            _change(design, tops, axes, levels, baseline),
            _change(design, tops, axes, (levels[0], baseline[1]), baseline),
        )
        for axes, levels, baseline in pairs
    }
    return [
        Interaction(*pair, contrast)
        for pair, contrast in zip(pairs, contrast_samples(samples), strict=True)
    ]


def _pairs(design: Design) -> Iterator[tuple[_Pair, _Pair, _Pair]]:
    """Two axes, a level on each that is not the baseline's, the baseline's levels."""
    for axes in combinations(design.varied, 2):
        baseline = (design.baseline_of(axes[0]), design.baseline_of(axes[1]))
        for levels in product(design.levels_of(axes[0]), design.levels_of(axes[1])):
            if levels[0] != baseline[0] and levels[1] != baseline[1]:
                yield axes, levels, baseline


def _name(axes: _Pair, levels: _Pair) -> str:
    return f"{axes[0]}={levels[0]}, {axes[1]}={levels[1]}"


def _change(
    design: Design, tops: Tops, axes: _Pair, levels: _Pair, baseline: _Pair
) -> dict[int, float]:
    """Seed -> how the first level differs from its baseline, points, where the second holds."""
    changed, unchanged = (
        _averages(design.cells({axes[0]: first, axes[1]: levels[1]}), tops)
        for first in (levels[0], baseline[0])
    )
    return {seed: changed[seed] - unchanged[seed] for seed in changed.keys() & unchanged.keys()}


def _averages(names: Collection[str], tops: Tops) -> dict[int, float]:
    """Seed -> the mean Top-1 of the variants `names`, for seeds in which all of them finished."""
    averages = {}
    for seed in sorted(set.intersection(*(set(tops[name]) for name in names))):
        cells = [top for name in names if (top := tops[name][seed]) is not None]
        if len(cells) == len(names) and all(map(isfinite, cells)):
            averages[seed] = sum(cells) / len(cells)
    return averages
