from itertools import product
from math import nan

import numpy as np
import pytest
from drawn import LUCK, drawn_study

from ablations.statistics.contrasts import contrast_study
from ablations.statistics.design import Design
from ablations.statistics.estimate import Estimate
from ablations.statistics.factorial import interactions, marginals
from ablations.statistics.significance import seeds_needed

AXES = ("size", "form", "depth")


def crossing(*sizes):
    """A full crossing of so many levels on each axis, "a0", "a1", ... on the first; a0, b0, ... is
    the baseline."""
    levels = [
        [f"{letter}{i}" for i in range(size)] for letter, size in zip("abc", sizes, strict=False)
    ]
    cells = {", ".join(cell): cell for cell in product(*levels)}
    return Design(AXES[: len(sizes)], cells, next(iter(cells)))


def tops_of(design, **cells):
    """The Top-1 of each seed, cell by cell: a1b0=[...]."""
    return {name: dict(enumerate(cells["".join(levels)])) for name, levels in design.levels.items()}


def mean_of(contrast):
    """Number of seeds, mean and standard deviation of a contrast's difference."""
    return contrast.difference.n, contrast.difference.mean, contrast.difference.sd


# Designs that are not crossed


def test_a_missing_and_a_doubled_cell_are_no_full_crossing():
    full = crossing(2, 3)
    missing = dict(full.levels)
    del missing["a1, b2"]
    doubled = dict(full.levels) | {"again": ("a1", "b2")}
    instead = missing | {"again": ("a1", "b1")}
    for levels in missing, doubled, instead:
        design = Design(full.axes, levels, full.baseline)
        tops = {name: {0: 70.0, 1: 71.0} for name in levels}
        assert marginals(design, tops) == interactions(design, tops) == []


@pytest.mark.parametrize("sizes", [(3,), (3, 1), (1, 1), (1, 3, 1)])
def test_one_axis_alone_has_neither(sizes):
    design = crossing(*sizes)
    tops = {name: {0: 70.0, 1: 71.0} for name in design.levels}
    assert marginals(design, tops) == interactions(design, tops) == []


# By hand


def test_two_by_two_by_hand():
    design = crossing(2, 2)
    tops = tops_of(
        design,
        a0b0=[60.0, 50.0, 55.0],
        a0b1=[62.0, 52.0, 57.0],
        a1b0=[61.0, 53.0, 57.0],
        a1b1=[64.0, 58.0, 61.0],
    )
    a0, a1, b0, b1 = marginals(design, tops)
    assert [(m.axis, m.level, m.cells, m.top1.n) for m in (a0, a1, b0, b1)] == [
        ("size", "a0", 2, 3),
        ("size", "a1", 2, 3),
        ("form", "b0", 2, 3),
        ("form", "b1", 2, 3),
    ]
    # a0 by seed: 61, 51, 56; a1: 62.5, 55.5, 59; b0: 60.5, 51.5, 56; b1: 63, 55, 59.
    assert [m.top1.mean for m in (a0, a1, b0, b1)] == [56, 59, 56, 59]
    # The interval of 61, 51, 56: s = 5, t = 4.3027, 5 * 4.3027 / sqrt 3 = 12.421.
    assert a0.top1.interval == pytest.approx((56 - 12.421, 56 + 12.421), abs=1e-3)
    assert a0.contrast is None and b0.contrast is None
    # a1 - a0: 1.5, 4.5, 3; b1 - b0: 2.5, 3.5, 3.
    assert (a1.contrast.name, a1.contrast.baseline) == ("a1", "a0")
    assert mean_of(a1.contrast) == (3, 3, 1.5)
    assert mean_of(b1.contrast) == (3, 3, 0.5)
    assert a1.contrast.p == a1.contrast.adjusted_p == 0.25 and a1.contrast.comparisons == 1
    # (64 - 62) - (61 - 60) = 1, (58 - 52) - (53 - 50) = 3, (61 - 57) - (57 - 55) = 2.
    (both,) = interactions(design, tops)
    assert (both.axes, both.levels, both.baseline) == (("size", "form"), ("a1", "b1"), ("a0", "b0"))
    assert mean_of(both.contrast) == (3, 2, 1)
    assert both.contrast.difference.interval == pytest.approx((2 - 2.4841, 2 + 2.4841), abs=1e-4)
    assert both.contrast.p == 0.25 and both.contrast.verdict == "too few seeds"


def test_two_by_three_by_hand():
    design = crossing(2, 3)
    tops = tops_of(
        design,
        a0b0=[60.0, 61.0],
        a0b1=[63.0, 61.0],
        a0b2=[57.0, 61.0],
        a1b0=[62.0, 63.0],
        a1b1=[63.0, 61.0],
        a1b2=[64.0, 65.0],
    )
    found = {m.level: m for m in marginals(design, tops)}
    assert list(found) == ["a0", "a1", "b0", "b1", "b2"]
    assert [found[level].cells for level in found] == [3, 3, 2, 2, 2]
    # a0: 60, 61; a1: 63, 63; b0: 61, 62; b1: 63, 61; b2: 60.5, 63.
    assert [found[level].top1.mean for level in found] == [60.5, 63, 61.5, 62, 61.75]
    assert found["a1"].top1.interval is None, "the same in both seeds"
    assert found["a1"].contrast.difference.mean == 2.5 and found["a1"].contrast.comparisons == 1
    assert found["b1"].contrast.difference.mean == 0.5 and found["b1"].contrast.comparisons == 2
    # b2 - b0: -0.5, 1: of the four signs two reach 0.5; b1 - b0: 2, -1.
    assert found["b2"].contrast.p == 1 and found["b2"].contrast.difference.mean == 0.25
    first, second = interactions(design, tops)
    assert (first.levels, second.levels) == (("a1", "b1"), ("a1", "b2"))
    # b1: (63 - 63) - 2 = -2 and 0 - 2 = -2; b2: (64 - 57) - 2 = 5 and 4 - 2 = 2.
    assert (first.contrast.difference.mean, first.contrast.difference.interval) == (-2, None)
    assert (second.contrast.difference.mean, second.contrast.difference.n) == (3.5, 2)
    assert [i.contrast.comparisons for i in (first, second)] == [2, 2]
    assert [i.contrast.p for i in (first, second)] == [0.5, 0.5]
    assert [i.contrast.adjusted_p for i in (first, second)] == [1, 1]


def test_a_third_axis_is_averaged_over():
    design = crossing(2, 2, 2)
    tops = {name: {0: 50.0, 1: 50.0} for name in design.levels}
    tops["a1, b1, c0"] = {0: 54.0, 1: 58.0}
    found = {i.axes: i.contrast for i in interactions(design, tops)}
    assert list(found) == [("size", "form"), ("size", "depth"), ("form", "depth")]
    # One of the two cells of a1, b1 has 4 and 8 points more; with c1 nothing changes.
    assert found["size", "form"].difference.mean == 3 and found["size", "form"].comparisons == 3
    assert found["size", "depth"].difference.mean == -3
    assert found["form", "depth"].difference.mean == -3
    assert {m.level: m.top1.mean for m in marginals(design, tops)} == {
        **dict.fromkeys(["a0", "b0", "c1"], 50),
        **dict.fromkeys(["a1", "b1", "c0"], 51.5),
    }


def test_an_axis_with_one_level_is_left_out():
    design = Design(
        ("size", "depth", "form"),
        {", ".join(c): c for c in product(["3", "7"], ["26"], ["W", "r=4"])},
        "7, 26, r=4",
    )
    tops = {name: {0: 50.0} for name in design.levels}
    assert [m.level for m in marginals(design, tops)] == ["3", "7", "W", "r=4"]
    assert [i.axes for i in interactions(design, tops)] == [("size", "form")]


def test_the_baseline_may_stand_anywhere():
    design = crossing(3, 3)
    inner = Design(design.axes, design.levels, "a1, b2")
    tops = {name: {0: 50.0} for name in design.levels}
    tops["a2, b0"] = {0: 56.0}
    found = {i.levels: i for i in interactions(inner, tops)}
    assert list(found) == [("a0", "b0"), ("a0", "b1"), ("a2", "b0"), ("a2", "b1")]
    assert {i.baseline for i in found.values()} == {("a1", "b2")}
    assert [i.contrast.difference.mean for i in found.values()] == [0, 0, 6, 0]
    assert [m.level for m in marginals(inner, tops) if m.contrast is None] == ["a1", "b2"]


def test_axes_may_have_levels_of_the_same_name():
    low_high = Design(AXES, {"".join(c): c for c in product("01", repeat=3)}, "000")
    tops = {name: {0: 50.0} for name in low_high.levels}
    assert len(interactions(low_high, tops)) == 3


# Failed seeds


def test_a_missing_cell_leaves_its_seed_out_where_it_is_needed():
    design = crossing(2, 3)
    tops = {name: dict.fromkeys(range(4), 50.0) for name in design.levels}
    tops["a1, b2"] = {0: None, 1: nan, 3: 56.0}
    found = {m.level: m for m in marginals(design, tops)}
    assert {level: m.top1.n for level, m in found.items()} == {
        "a0": 4, "a1": 1, "b0": 4, "b1": 4, "b2": 1,
    }  # fmt: skip
    assert found["a1"].top1.mean == 52 and found["a1"].top1.interval is None
    assert found["b2"].contrast.difference.n == 1 and found["b2"].contrast.difference.mean == 3
    assert found["b1"].contrast.difference.n == 4, "b1 and b0 do not need that cell"
    first, second = interactions(design, tops)
    assert (first.contrast.difference.n, second.contrast.difference.n) == (4, 1)
    assert second.contrast.difference.mean == 6


def test_cells_without_any_seed():
    design = crossing(2, 2)
    tops = {name: {0: 50.0, 1: 51.0} for name in design.levels} | {"a1, b1": {}}
    found = {m.level: m for m in marginals(design, tops)}
    assert found["a1"].top1 == Estimate.of([])
    assert found["a1"].contrast.difference == Estimate.of([])
    assert found["a0"].top1.mean == 50.5
    (both,) = interactions(design, tops)
    assert both.contrast.difference == Estimate.of([])
    assert both.contrast.verdict == "too few seeds"


# What it claims, by simulation


def additive(design, **effects):
    """Variant -> its true distance from the baseline, the sum of its levels' effects."""
    return {
        name: sum(effects.get(level, 0.0) for level in levels)
        for name, levels in design.levels.items()
    }


DRAWS = 2_000

MOST = 0.05 + 2 * (0.05 * 0.95 / DRAWS) ** 0.5
"""At n = 8 the level is guaranteed to be 6/128, 4.7 %, with one, two or three comparisons and 4/128
with four; this allows for two standard errors, a point, above 5 %."""


@pytest.mark.parametrize("sizes", [(2, 2), (3, 3), (2, 2, 2)])
def test_additive_designs_have_no_interaction(sizes):
    rng = np.random.default_rng(10)
    design = crossing(*sizes)
    shifts = additive(design, a1=5.0, a2=-2.0, b1=3.0, b2=4.0, c1=-6.0)
    false = 0
    for _ in range(DRAWS):
        tops = drawn_study(rng, 8, shifts)
        false += any(i.contrast.told for i in interactions(design, tops))
    assert 0.02 < false / DRAWS <= MOST


def test_skewed_noise_is_no_interaction():
    rng = np.random.default_rng(11)
    design = crossing(2, 2)
    false = 0
    for _ in range(DRAWS):
        tops = {
            name: dict(enumerate((70 - rng.exponential(2, 8)).tolist())) for name in design.levels
        }
        false += interactions(design, tops)[0].contrast.told
    assert 0.02 < false / DRAWS <= MOST


@pytest.mark.parametrize("sign", [1, -1])
def test_planted_interactions_are_found(sign):
    rng = np.random.default_rng(12)
    design = crossing(2, 3)
    shifts = additive(design, a1=5.0, b1=3.0)
    shifts["a1, b2"] += sign * 2.0
    right, wrong = 0, 0
    for _ in range(500):
        nothing, planted = interactions(design, drawn_study(rng, 10, shifts))
        right += planted.contrast.verdict == ("better" if sign > 0 else "worse")
        wrong += nothing.contrast.told
    assert right / 500 > 0.95
    assert wrong / 500 <= 0.06


def test_equal_levels_beside_an_axis_that_matters():
    rng = np.random.default_rng(13)
    design = crossing(3, 2)
    shifts = additive(design, b1=4.0)
    false, found = 0, 0
    for _ in range(DRAWS):
        by_level = {m.level: m.contrast for m in marginals(design, drawn_study(rng, 8, shifts))}
        false += by_level["a1"].told or by_level["a2"].told
        found += by_level["b1"].verdict == "better"
    assert 0.02 < false / DRAWS <= MOST
    assert found == DRAWS


def test_cells_of_a_seed_are_not_observations_of_their_own():
    # The seeds' luck is common to all cells. 95 % of intervals hold the true mean when a seed
    # counts once; were each of its nine cells counted, about half of them would.
    rng = np.random.default_rng(14)
    design = crossing(3, 9)
    shifts = dict.fromkeys(design.levels, 0.0)
    held, draws = 0, 1_000
    for _ in range(draws):
        low, high = marginals(design, drawn_study(rng, 4, shifts))[0].top1.interval
        held += low <= 70 <= high
    assert held / draws == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / draws) ** 0.5)
    assert LUCK > 1, "or there would be nothing to get wrong"


def test_an_average_over_cells_finds_smaller_differences():
    rng = np.random.default_rng(15)
    design = crossing(2, 4)
    shifts = additive(design, a1=0.45)
    n = seeds_needed(1) + 2
    found, alone = 0, 0
    for _ in range(200):
        tops = drawn_study(rng, n, shifts)
        found += marginals(design, tops)[1].contrast.verdict == "better"
        pair = {name: tops[name] for name in ("a0, b0", "a1, b0")}
        (contrast,) = contrast_study(pair, "a0, b0")
        alone += contrast.verdict == "better"
    assert found > 180 and alone < 130
