import numpy as np
import pytest
from drawn import drawn_study

from ablations.statistics.contrasts import contrast_study
from ablations.statistics.equivalence import within_margin


def against(differences, margin):
    """The contrast of two variants whose paired differences are these."""
    seeds = range(len(differences))
    tops = {"old": dict.fromkeys(seeds, 70.0), "new": {s: 70 + differences[s] for s in seeds}}
    (contrast,) = contrast_study(tops, "old", margin)
    return contrast


SMALL = [0.1, -0.1, 0.2, -0.2, 0.1, 0.0]


def test_p_by_hand():
    # d + 1: 0.5, 2, 3: one of eight flips reaches 5.5. 1 - d: 1.5, 0, -1: the sums +-1.5 +-1 with
    # and without the sign of 0: 2.5 and 0.5 reach 0.5, four of eight.
    found = within_margin({"a": np.array([-0.5, 1.0, 2.0])}, 1.0)["a"]
    assert (found.no_worse_p, found.equivalent_p) == (1 / 8, 4 / 8)
    assert (found.margin, found.smallest_adjusted_p) == (1.0, 1 / 8)


def test_each_group_is_corrected_over_the_study():
    samples = {
        "a": np.array([0.1, -0.1, 0.2]),  # within 1 on both sides
        "b": np.array([5.0, 6.0, 7.0]),  # no worse, and not equivalent
        "c": np.array([]),
    }
    found = within_margin(samples, 1.0)
    assert [found[name].no_worse_p for name in "abc"] == [1 / 8, 1 / 8, None]
    assert [found[name].adjusted_no_worse_p for name in "abc"] == [2 / 8, 2 / 8, None]
    assert [found[name].equivalent_p for name in "abc"] == [1 / 8, 1, None]
    assert [found[name].adjusted_equivalent_p for name in "abc"] == [2 / 8, 1, None]
    assert found["a"].smallest_adjusted_p == 2 / 8 and found["c"].smallest_adjusted_p is None
    assert found["c"].verdict(None) == "too few seeds"


@pytest.mark.parametrize(
    ("differences", "margin", "verdict"),
    [
        (SMALL, 0.5, "equivalent"),
        (SMALL[:5], 0.5, "equivalent"),
        (SMALL[:4], 0.5, "too few seeds"),  # one flip of sixteen is more than 5 %
        (SMALL, 0.1, "inconclusive"),
        ([d + 0.6 for d in SMALL], 0.5, "no worse"),
        ([d - 0.6 for d in SMALL], 0.5, "inconclusive"),
        ([d - 0.3 for d in SMALL], 0.5, "equivalent"),
        ([0.2] * 8, 0.5, "inconclusive"),  # nothing says how sure that is
    ],
)
def test_verdicts(differences, margin, verdict):
    contrast = against(differences, margin)
    assert contrast.margin_verdict == verdict
    assert contrast.within_told == (verdict in ("equivalent", "no worse"))


def test_the_interval_has_to_lie_within_the_margin_too():
    differences = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -0.9]
    contrast = against(differences, 0.35)
    # 0.35 seven times and -0.55: 1.9 is reached without a flip, and with the last one flipped and
    # at most one other.
    assert contrast.within.no_worse_p == 9 / 256
    assert contrast.difference.interval[0] < -0.35
    assert contrast.margin_verdict == "inconclusive"
    mirrored = against([-difference for difference in differences], 0.35)
    assert mirrored.within.equivalent_p == 9 / 256 and mirrored.difference.interval[1] > 0.35
    assert mirrored.margin_verdict == "no worse"


def test_a_variant_can_be_worse_and_equivalent():
    contrast = against([-0.1, -0.2, -0.15, -0.1, -0.2, -0.12], 0.5)
    assert (contrast.verdict, contrast.margin_verdict) == ("worse", "equivalent")


def test_without_a_margin_nothing_is_asked_of_it():
    contrast = against(SMALL, None)
    assert contrast.within is contrast.margin_verdict is None and not contrast.within_told
    assert against(SMALL, 0.5).reversed.within is None


def test_the_verdict_does_not_depend_on_the_margin():
    for differences in (SMALL, [1.0, 1.2, 0.8, 1.1, 0.9, 1.3]):
        with_margin, without = against(differences, 0.5), against(differences, None)
        assert with_margin.adjusted_p == without.adjusted_p
        assert with_margin.verdict == without.verdict


@pytest.mark.parametrize("seeds", [6, 8])
def test_a_study_at_the_boundary_is_called_no_worse_in_at_most_5_percent(seeds):
    """Three variants that are worse by exactly the margin, with normal noise."""
    rng, margin, draws = np.random.default_rng(seeds), 0.7, 1_500
    shifts = {"base": 0.0, "a": -margin, "b": -margin, "c": -margin}
    wrong = 0
    for _ in range(draws):
        found = contrast_study(drawn_study(rng, seeds, shifts), "base", margin)
        wrong += any(contrast.within_told for contrast in found)
    # 0.037 and 0.041 in a simulation of 40,000; a test at 10 % would give about 0.08.
    assert 0.02 < wrong / draws <= 0.05 + 2 * (0.05 * 0.95 / draws) ** 0.5


def test_at_the_upper_boundary_nothing_is_called_equivalent_too_often():
    rng, margin, draws = np.random.default_rng(1), 0.7, 1_000
    shifts = {"base": 0.0, "a": margin, "b": margin}
    wrong = 0
    for _ in range(draws):
        found = contrast_study(drawn_study(rng, 8, shifts), "base", margin)
        wrong += any(contrast.margin_verdict == "equivalent" for contrast in found)
    assert 0.01 < wrong / draws <= 0.05 + 2 * (0.05 * 0.95 / draws) ** 0.5
