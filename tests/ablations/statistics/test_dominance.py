from math import inf, nan

import numpy as np
import pytest
from drawn import drawn_study

from ablations.statistics.contrasts import contrast_study
from ablations.statistics.dominance import dominances
from ablations.statistics.estimate import Estimate
from ablations.statistics.significance import holm, seeds_needed, sign_flip_p

UP = [3.0, 3.2, 2.8, 3.1, 2.9, 3.3, 3.0, 2.7]


def by_name(costs, tops):
    return {found.name: found for found in dominances(costs, tops)}


def shifted(tops, differences):
    return {seed: tops[seed] + difference for seed, difference in enumerate(differences)}


@pytest.fixture
def base():
    return dict(enumerate([60.0, 63.0, 61.0, 64.0, 62.0, 60.5, 61.5, 62.5]))


# By hand


def test_a_cheaper_and_better_one_dominates(base):
    found = by_name({"cheap": 1, "dear": 2}, {"dear": base, "cheap": shifted(base, UP)})
    assert list(found) == ["dear", "cheap"]
    cheap, dear = found["cheap"], found["dear"]
    assert cheap.on_front and not dear.on_front
    assert cheap.rivals == () and cheap.dominated_by == () == cheap.dominators
    assert dear.dominated_by == ("cheap",)
    (contrast,) = dear.dominators
    assert (contrast.name, contrast.baseline) == ("cheap", "dear")
    assert contrast.difference.mean == pytest.approx(3) and contrast.p == 2 / 2**8
    assert dear.top1 == Estimate.of(base.values()) and dear.top1.n == 8
    assert dear.comparisons == cheap.comparisons == 1 and dear.seeds_needed == 6


def test_a_dearer_and_better_one_does_not(base):
    found = by_name({"cheap": 1, "dear": 2}, {"cheap": base, "dear": shifted(base, UP)})
    assert found["cheap"].dominated_by == found["dear"].dominated_by == ()
    assert found["cheap"].on_front and found["dear"].on_front
    assert found["cheap"].rivals == ()
    assert [c.verdict for c in found["dear"].rivals] == ["worse"]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_of_two_that_cost_the_same_either_may_dominate(base, order):
    tops = {"a": base, "b": shifted(base, UP)}
    found = by_name({"a": 1, "b": 1}, {name: tops[name] for name in order})
    assert found["a"].dominated_by == ("b",) and found["b"].dominated_by == ()
    assert found["a"].comparisons == 1, "both orders are one comparison"
    (up,), (down,) = found["a"].rivals, found["b"].rivals
    (straight,) = contrast_study(tops, "a")
    assert up.difference.interval == pytest.approx(straight.difference.interval)
    assert (up.name, up.baseline, up.difference.mean) == ("b", "a", pytest.approx(3))
    assert (down.name, down.baseline, down.difference.mean) == ("a", "b", pytest.approx(-3))
    assert down.verdict == "worse" and up.p == down.p == straight.p
    assert down.difference == -up.difference


def test_the_correction_is_over_all_pairs_once():
    rng = np.random.default_rng(1)
    tops = drawn_study(rng, 9, {"a": 0, "b": 0.3, "c": 0.5, "d": 1.0})
    costs = {"a": 1, "b": 2, "c": 2, "d": 0.5}
    found = by_name(costs, tops)
    pairs = [("d", "a"), ("d", "b"), ("d", "c"), ("a", "b"), ("a", "c"), ("b", "c")]
    ps = [sign_flip_p(np.array([tops[x][s] - tops[y][s] for s in range(9)])) for x, y in pairs]
    adjusted = {(c.name, c.baseline): c.adjusted_p for f in found.values() for c in f.rivals}
    assert adjusted.pop(("c", "b")) == adjusted["b", "c"]
    assert adjusted == dict(zip(pairs, holm(ps), strict=True))
    assert {f.comparisons for f in found.values()} == {6}
    assert {f.seeds_needed for f in found.values()} == {seeds_needed(6)} == {8}
    assert [c.name for c in found["c"].rivals] == ["d", "a", "b"], "the cheapest first"


def test_off_the_front_of_the_means_is_not_certainly_dominated(base):
    slightly = shifted(base, [1.0, -1.2, 0.8, -1.1, 0.9, 0.3, 0.5, -0.4])
    found = by_name({"cheap": 1, "dear": 2}, {"cheap": slightly, "dear": base})
    assert not found["dear"].on_front and found["dear"].dominated_by == ()


# Failed seeds and odd studies


def test_failed_seeds_leave_their_pair_out(base):
    cheap = shifted(base, UP) | {0: None, 1: nan, 99: 10.0}
    found = by_name({"cheap": 1, "dear": 2}, {"cheap": cheap, "dear": base})
    assert (found["cheap"].top1.n, found["dear"].top1.n) == (7, 8)
    assert found["cheap"].top1.mean == pytest.approx(
        np.mean([*(base[s] + UP[s] for s in range(2, 8)), 10])
    )
    assert found["dear"].rivals[0].difference.n == 6 and found["dear"].dominated_by == ("cheap",)


def test_a_variant_without_a_seed_is_compared_with_nothing(base):
    tops = {"cheap": {0: None}, "mid": base, "dear": base}
    found = by_name({"cheap": 1, "mid": 2, "dear": 3}, tops)
    assert found["cheap"].top1 == Estimate.of([]) and not found["cheap"].on_front
    assert found["mid"].on_front and found["mid"].comparisons == 1
    assert [c.difference.mean for c in found["dear"].rivals] == [None, 0]
    assert {f.dominated_by for f in found.values()} == {()}


def test_nothing_to_compare(base):
    (alone,) = dominances({"a": 1}, {"a": base})
    assert (alone.on_front, alone.rivals, alone.comparisons, alone.seeds_needed) == (
        True,
        (),
        0,
        None,
    )
    assert dominances({}, {}) == []
    none = by_name({"a": 1, "b": 2}, {"a": {}, "b": {}})
    assert none["b"].comparisons == 0 and none["b"].seeds_needed is None


@pytest.mark.parametrize("costs", [{"a": 1}, {"a": 1, "b": nan}, {"a": 1, "b": inf}])
def test_every_variant_has_a_cost(base, costs):
    with pytest.raises(ValueError, match="b has no finite cost"):
        dominances(costs, {"a": base, "b": base})


# What it claims, by simulation


DRAWS = 2_000

MOST = 0.05 + 2 * (0.05 * 0.95 / DRAWS) ** 0.5
"""The level is guaranteed; this allows for two standard errors, a point, above 5 %."""


def false_alarms(costs, shifts, n=12):
    """The share of studies in which a variant is called dominated by one that is no better."""
    rng = np.random.default_rng(2)
    false = 0
    for _ in range(DRAWS):
        found = dominances(costs, drawn_study(rng, n, shifts))
        false += any(
            shifts[rival] <= shifts[variant.name]
            for variant in found
            for rival in variant.dominated_by
        )
    return false / DRAWS


SAME = dict.fromkeys("abcde", 0.0)


# Ten comparisons at n = 12: the level is 10 * 10/2048, 4.9 %, at most; comparisons that share
# variants leave it lower.


def test_identical_variants_of_one_cost():
    assert 0.02 < false_alarms(dict.fromkeys(SAME, 1.0), SAME) <= MOST


def test_identical_variants_of_unlike_costs():
    # Half of the false verdicts are for the dearer of two, which dominates nothing.
    costs = {name: float(i) for i, name in enumerate(SAME)}
    assert 0.008 < false_alarms(costs, SAME) <= 0.03


def test_identical_variants_beside_others():
    # Once the eight pairs that differ are told, two are left, each tested at 51/2048.
    shifts = {"a": 0.0, "b": 0.0, "c": 4.0, "d": 4.0, "e": 8.0}
    assert 0.02 < false_alarms(dict.fromkeys(shifts, 1.0), shifts) <= MOST


def test_a_planted_dominance_is_found():
    rng = np.random.default_rng(3)
    costs = {"small": 1.0, "wasteful": 2.0, "large": 3.0}
    shifts = {"small": 0.0, "wasteful": -1.2, "large": 1.2}
    found = [by_name(costs, drawn_study(rng, 12, shifts)) for _ in range(200)]
    assert sum(f["wasteful"].dominated_by == ("small",) for f in found) > 190
    assert not any(f["small"].dominated_by or f["large"].dominated_by for f in found)
