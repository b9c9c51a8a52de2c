from itertools import product
from math import nan

import numpy as np
import pytest
from drawn import LUCK, drawn_study

from ablations.statistics import contrasts as contrasts_module
from ablations.statistics.contrasts import seeds_needed
from ablations.statistics.factorial import Factors, interactions, marginals

AXES = ("size", "form", "depth")


def crossing(*sizes):
    """A full crossing of so many levels on each axis, "a0", "a1", ... on the first; a0, b0, ... is
    the baseline."""
    levels = [
        [f"{letter}{i}" for i in range(size)] for letter, size in zip("abc", sizes, strict=False)
    ]
    cells = {", ".join(cell): cell for cell in product(*levels)}
    return Factors(AXES[: len(sizes)], cells, next(iter(cells.values())))


def tops_of(factors, **cells):
    """The Top-1 of each seed, cell by cell: a1b0=[...]."""
    return {
        value: dict(enumerate(cells["".join(levels)])) for value, levels in factors.levels.items()
    }


# Designs


def test_levels_stand_in_order_of_appearance():
    factors = Factors(
        ("size", "form"),
        {"7, W": ("7", "W"), "3, W": ("3", "W"), "7, r=4": ("7", "r=4"), "3, r=4": ("3", "r=4")},
        ("3", "r=4"),
    )
    assert factors.levels_of("size") == ["7", "3"] and factors.levels_of("form") == ["W", "r=4"]
    assert factors.baseline_of("size") == "3" and factors.baseline_of("form") == "r=4"
    assert factors.crossed and factors.cells({"form": "W"}) == ["7, W", "3, W"]
    assert factors.cells({"form": "W", "size": "3"}) == ["3, W"]


def test_a_missing_and_a_doubled_cell_are_no_full_crossing():
    full = crossing(2, 3)
    missing = dict(full.levels)
    del missing["a1, b2"]
    doubled = dict(full.levels) | {"again": ("a1", "b2")}
    instead = missing | {"again": ("a1", "b1")}
    for levels in missing, doubled, instead:
        factors = Factors(full.axes, levels, full.baseline)
        tops = {value: {0: 70.0, 1: 71.0} for value in levels}
        assert not factors.crossed
        assert marginals(factors, tops) == interactions(factors, tops) == []


@pytest.mark.parametrize("sizes", [(3,), (3, 1), (1, 1), (1, 3, 1)])
def test_one_axis_alone_has_neither(sizes):
    factors = crossing(*sizes)
    tops = {value: {0: 70.0, 1: 71.0} for value in factors.levels}
    assert factors.crossed
    assert marginals(factors, tops) == interactions(factors, tops) == []


@pytest.mark.parametrize(
    ("axes", "levels", "baseline", "problem"),
    [
        (("size", "size"), {"3, 3": ("3", "3")}, ("3", "3"), "named twice: size, size"),
        (("size", "form"), {"3": ("3",)}, ("3",), "3 has 1 levels on 2 axes"),
        (("size",), {"3": ("3",)}, ("7",), "no variant has the baseline's levels: 7"),
    ],
)
def test_nonsense_is_refused(axes, levels, baseline, problem):
    with pytest.raises(ValueError, match=problem):
        Factors(axes, levels, baseline)


# By hand


def test_two_by_two_by_hand():
    factors = crossing(2, 2)
    tops = tops_of(
        factors,
        a0b0=[60.0, 50.0, 55.0],
        a0b1=[62.0, 52.0, 57.0],
        a1b0=[61.0, 53.0, 57.0],
        a1b1=[64.0, 58.0, 61.0],
    )
    a0, a1, b0, b1 = marginals(factors, tops)
    assert [(m.axis, m.level, m.cells, m.n) for m in (a0, a1, b0, b1)] == [
        ("size", "a0", 2, 3),
        ("size", "a1", 2, 3),
        ("form", "b0", 2, 3),
        ("form", "b1", 2, 3),
    ]
    # a0 by seed: 61, 51, 56; a1: 62.5, 55.5, 59; b0: 60.5, 51.5, 56; b1: 63, 55, 59.
    assert [m.mean for m in (a0, a1, b0, b1)] == [56, 59, 56, 59]
    # The interval of 61, 51, 56: s = 5, t = 4.3027, 5 * 4.3027 / sqrt 3 = 12.421.
    assert a0.interval == pytest.approx((56 - 12.421, 56 + 12.421), abs=1e-3)
    assert a0.contrast is None and b0.contrast is None
    # a1 - a0: 1.5, 4.5, 3; b1 - b0: 2.5, 3.5, 3.
    assert (a1.contrast.value, a1.contrast.baseline) == ("a1", "a0")
    assert (a1.contrast.n, a1.contrast.mean, a1.contrast.sd) == (3, 3, 1.5)
    assert (b1.contrast.n, b1.contrast.mean, b1.contrast.sd) == (3, 3, 0.5)
    assert a1.contrast.p == a1.contrast.adjusted_p == 0.25 and a1.contrast.comparisons == 1
    # (64 - 62) - (61 - 60) = 1, (58 - 52) - (53 - 50) = 3, (61 - 57) - (57 - 55) = 2.
    (both,) = interactions(factors, tops)
    assert (both.axes, both.levels, both.baseline) == (("size", "form"), ("a1", "b1"), ("a0", "b0"))
    assert (both.contrast.n, both.contrast.mean, both.contrast.sd) == (3, 2, 1)
    assert both.contrast.t_interval == pytest.approx((2 - 2.4841, 2 + 2.4841), abs=1e-4)
    assert both.contrast.p == 0.25 and both.contrast.verdict == "too few seeds"
    assert both.contrast.bca_interval is None


def test_two_by_three_by_hand():
    factors = crossing(2, 3)
    tops = tops_of(
        factors,
        a0b0=[60.0, 61.0],
        a0b1=[63.0, 61.0],
        a0b2=[57.0, 61.0],
        a1b0=[62.0, 63.0],
        a1b1=[63.0, 61.0],
        a1b2=[64.0, 65.0],
    )
    found = {m.level: m for m in marginals(factors, tops)}
    assert list(found) == ["a0", "a1", "b0", "b1", "b2"]
    assert [found[level].cells for level in found] == [3, 3, 2, 2, 2]
    # a0: 60, 61; a1: 63, 63; b0: 61, 62; b1: 63, 61; b2: 60.5, 63.
    assert [found[level].mean for level in found] == [60.5, 63, 61.5, 62, 61.75]
    assert found["a1"].interval is None, "the same in both seeds"
    assert found["a1"].contrast.mean == 2.5 and found["a1"].contrast.comparisons == 1
    assert found["b1"].contrast.mean == 0.5 and found["b1"].contrast.comparisons == 2
    # b2 - b0: -0.5, 1: of the four signs two reach 0.5; b1 - b0: 2, -1.
    assert found["b2"].contrast.p == 1 and found["b2"].contrast.mean == 0.25
    first, second = interactions(factors, tops)
    assert (first.levels, second.levels) == (("a1", "b1"), ("a1", "b2"))
    # b1: (63 - 63) - 2 = -2 and 0 - 2 = -2; b2: (64 - 57) - 2 = 5 and 4 - 2 = 2.
    assert (first.contrast.mean, first.contrast.t_interval) == (-2, None)
    assert (second.contrast.mean, second.contrast.n) == (3.5, 2)
    assert [i.contrast.comparisons for i in (first, second)] == [2, 2]
    assert [i.contrast.p for i in (first, second)] == [0.5, 0.5]
    assert [i.contrast.adjusted_p for i in (first, second)] == [1, 1]


def test_a_third_axis_is_averaged_over():
    factors = crossing(2, 2, 2)
    tops = {value: {0: 50.0, 1: 50.0} for value in factors.levels}
    tops["a1, b1, c0"] = {0: 54.0, 1: 58.0}
    found = {i.axes: i.contrast for i in interactions(factors, tops)}
    assert list(found) == [("size", "form"), ("size", "depth"), ("form", "depth")]
    # One of the two cells of a1, b1 has 4 and 8 points more; with c1 nothing changes.
    assert found["size", "form"].mean == 3 and found["size", "form"].comparisons == 3
    assert found["size", "depth"].mean == found["form", "depth"].mean == -3
    assert {m.level: m.mean for m in marginals(factors, tops)} == {
        **dict.fromkeys(["a0", "b0", "c1"], 50),
        **dict.fromkeys(["a1", "b1", "c0"], 51.5),
    }


def test_an_axis_with_one_level_is_left_out():
    factors = Factors(
        ("size", "depth", "form"),
        {", ".join(c): c for c in product(["3", "7"], ["26"], ["W", "r=4"])},
        ("7", "26", "r=4"),
    )
    tops = {value: {0: 50.0} for value in factors.levels}
    assert [m.level for m in marginals(factors, tops)] == ["3", "7", "W", "r=4"]
    assert [i.axes for i in interactions(factors, tops)] == [("size", "form")]


def test_the_baseline_may_stand_anywhere():
    factors = crossing(3, 3)
    inner = Factors(factors.axes, factors.levels, ("a1", "b2"))
    tops = {value: {0: 50.0} for value in factors.levels}
    tops["a2, b0"] = {0: 56.0}
    found = {i.levels: i for i in interactions(inner, tops)}
    assert list(found) == [("a0", "b0"), ("a0", "b1"), ("a2", "b0"), ("a2", "b1")]
    assert {i.baseline for i in found.values()} == {("a1", "b2")}
    assert [i.contrast.mean for i in found.values()] == [0, 0, 6, 0]
    assert [m.level for m in marginals(inner, tops) if m.contrast is None] == ["a1", "b2"]


def test_axes_may_have_levels_of_the_same_name():
    low_high = Factors(AXES, {"".join(c): c for c in product("01", repeat=3)}, ("0", "0", "0"))
    tops = {value: {0: 50.0} for value in low_high.levels}
    assert len(interactions(low_high, tops)) == 3


# Failed seeds


def test_a_missing_cell_leaves_its_seed_out_where_it_is_needed():
    factors = crossing(2, 3)
    tops = {value: dict.fromkeys(range(4), 50.0) for value in factors.levels}
    tops["a1, b2"] = {0: None, 1: nan, 3: 56.0}
    found = {m.level: m for m in marginals(factors, tops)}
    assert {level: m.n for level, m in found.items()} == {
        "a0": 4, "a1": 1, "b0": 4, "b1": 4, "b2": 1,
    }  # fmt: skip
    assert found["a1"].mean == 52 and found["a1"].interval is None
    assert found["b2"].contrast.n == 1 and found["b2"].contrast.mean == 3
    assert found["b1"].contrast.n == 4, "b1 and b0 do not need that cell"
    first, second = interactions(factors, tops)
    assert (first.contrast.n, second.contrast.n) == (4, 1)
    assert second.contrast.mean == 6


def test_cells_without_any_seed():
    factors = crossing(2, 2)
    tops = {value: {0: 50.0, 1: 51.0} for value in factors.levels} | {"a1, b1": {}}
    found = {m.level: m for m in marginals(factors, tops)}
    assert (found["a1"].n, found["a1"].mean, found["a1"].interval) == (0, None, None)
    assert (found["a1"].contrast.n, found["a1"].contrast.mean) == (0, None)
    assert found["a0"].mean == 50.5
    (both,) = interactions(factors, tops)
    assert (both.contrast.n, both.contrast.mean, both.contrast.verdict) == (
        0,
        None,
        "too few seeds",
    )


# What it claims, by simulation


@pytest.fixture
def quick(monkeypatch):
    """Leaves out the bootstrap, which takes most of the time and no part in a verdict."""
    monkeypatch.setattr(contrasts_module, "bca_interval", lambda sample: None)


def told(contrast):
    return contrast.verdict in ("better", "worse")


def additive(factors, **effects):
    """Variant -> its true distance from the baseline, the sum of its levels' effects."""
    return {
        value: sum(effects.get(level, 0.0) for level in levels)
        for value, levels in factors.levels.items()
    }


DRAWS = 2_000

MOST = 0.05 + 2 * (0.05 * 0.95 / DRAWS) ** 0.5
"""At n = 8 the level is guaranteed to be 6/128, 4.7 %, with one, two or three comparisons and 4/128
with four; this allows for two standard errors, a point, above 5 %."""


@pytest.mark.parametrize("sizes", [(2, 2), (3, 3), (2, 2, 2)])
@pytest.mark.usefixtures("quick")
def test_additive_designs_have_no_interaction(sizes):
    rng = np.random.default_rng(10)
    factors = crossing(*sizes)
    shifts = additive(factors, a1=5.0, a2=-2.0, b1=3.0, b2=4.0, c1=-6.0)
    false = 0
    for _ in range(DRAWS):
        tops = drawn_study(rng, 8, shifts)
        false += any(told(i.contrast) for i in interactions(factors, tops))
    assert 0.02 < false / DRAWS <= MOST


@pytest.mark.usefixtures("quick")
def test_skewed_noise_is_no_interaction():
    rng = np.random.default_rng(11)
    factors = crossing(2, 2)
    false = 0
    for _ in range(DRAWS):
        tops = {
            value: dict(enumerate((70 - rng.exponential(2, 8)).tolist()))
            for value in factors.levels
        }
        false += told(interactions(factors, tops)[0].contrast)
    assert 0.02 < false / DRAWS <= MOST


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.usefixtures("quick")
def test_planted_interactions_are_found(sign):
    rng = np.random.default_rng(12)
    factors = crossing(2, 3)
    shifts = additive(factors, a1=5.0, b1=3.0)
    shifts["a1, b2"] += sign * 2.0
    right, wrong = 0, 0
    for _ in range(500):
        nothing, planted = interactions(factors, drawn_study(rng, 10, shifts))
        right += planted.contrast.verdict == ("better" if sign > 0 else "worse")
        wrong += told(nothing.contrast)
    assert right / 500 > 0.95
    assert wrong / 500 <= 0.06


@pytest.mark.usefixtures("quick")
def test_equal_levels_beside_an_axis_that_matters():
    rng = np.random.default_rng(13)
    factors = crossing(3, 2)
    shifts = additive(factors, b1=4.0)
    false, found = 0, 0
    for _ in range(DRAWS):
        by_level = {m.level: m.contrast for m in marginals(factors, drawn_study(rng, 8, shifts))}
        false += told(by_level["a1"]) or told(by_level["a2"])
        found += by_level["b1"].verdict == "better"
    assert 0.02 < false / DRAWS <= MOST
    assert found == DRAWS


@pytest.mark.usefixtures("quick")
def test_cells_of_a_seed_are_not_observations_of_their_own():
    # The seeds' luck is common to all cells. 95 % of intervals hold the true mean when a seed
    # counts once; were each of its nine cells counted, about half of them would.
    rng = np.random.default_rng(14)
    factors = crossing(3, 9)
    shifts = dict.fromkeys(factors.levels, 0.0)
    held, draws = 0, 1_000
    for _ in range(draws):
        low, high = marginals(factors, drawn_study(rng, 4, shifts))[0].interval
        held += low <= 70 <= high
    assert held / draws == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / draws) ** 0.5)
    assert LUCK > 1, "or there would be nothing to get wrong"


def test_an_average_over_cells_finds_smaller_differences():
    rng = np.random.default_rng(15)
    factors = crossing(2, 4)
    shifts = additive(factors, a1=0.45)
    n = seeds_needed(1) + 2
    found, alone = 0, 0
    for _ in range(200):
        tops = drawn_study(rng, n, shifts)
        found += marginals(factors, tops)[1].contrast.verdict == "better"
        pair = {value: tops[value] for value in ("a0, b0", "a1, b0")}
        (contrast,) = contrasts_module.contrast_study(pair, "a0, b0")
        alone += contrast.verdict == "better"
    assert found > 180 and alone < 130
