from itertools import product
from math import nan

import numpy as np
import pytest
from drawn import drawn_study

from ablations.statistics import significance
from ablations.statistics.contrasts import contrast_study
from ablations.statistics.estimate import Estimate
from ablations.statistics.significance import holm, seeds_needed, sign_flip_p, smallest_p

SAME = dict.fromkeys(["3", "5", "7", "9"], 0.0)


def enumerated(differences):
    """The sign-flip test, one flip after the other."""
    observed = abs(np.mean(differences))
    flips = list(product([1, -1], repeat=len(differences)))
    return np.mean([abs(np.mean(np.multiply(f, differences))) >= observed - 1e-9 for f in flips])


def against(differences, start=70.0):
    """A study of two whose paired differences are these."""
    return {
        "old": dict.fromkeys(range(len(differences)), start),
        "new": {seed: start + difference for seed, difference in enumerate(differences)},
    }


def only(values, baseline="old"):
    (contrast,) = contrast_study(values, baseline)
    return contrast


# The test and its correction


def test_sign_flip_by_hand():
    # Sums of +-1 +-2 +-3: 6, 4, 2, 0, 0, -2, -4, -6; two reach 6. Of -1, 2, 3: four reach 4.
    assert sign_flip_p(np.array([1.0, 2.0, 3.0])) == 2 / 8
    assert sign_flip_p(np.array([-1.0, 2.0, 3.0])) == 4 / 8
    assert sign_flip_p(np.array([0.7])) == 1


@pytest.mark.parametrize("n", range(1, 11))
def test_sign_flip_is_the_enumeration(n):
    rng = np.random.default_rng(n)
    images = 450
    for sample in [
        rng.normal(0.5, 1, n),
        rng.integers(-3, 6, n) * 100 / images,  # ties and zeros, as accuracies have them
        np.full(n, 0.1),
        np.zeros(n),
    ]:
        assert sign_flip_p(sample) == pytest.approx(enumerated(sample), abs=1e-12)


def test_rounding_does_not_break_ties():
    # As real numbers 0.3 - 0.2 + 0.1 - 0.2 is zero: every flip reaches it.
    assert sign_flip_p(np.array([70.3, 70.1, 70.0, 70.0]) - [70.0, 70.3, 69.9, 70.1]) == 1
    tops = np.array([83.1, 71.7, 66.2, 90.9, 58.3, 77.4])
    assert sign_flip_p((tops + 0.1) - tops) == smallest_p(6)


def test_many_pairs_are_drawn_at_random(monkeypatch):
    sample = np.random.default_rng(5).normal(0.4, 1, 18)
    exact = sign_flip_p(sample)
    assert 0.01 < exact < 0.5
    monkeypatch.setattr(significance, "EXACT_PAIRS", 17)
    drawn = sign_flip_p(sample)
    assert drawn == sign_flip_p(sample) != exact
    assert drawn == pytest.approx(exact, abs=3.5 * (exact * (1 - exact) / 99_999) ** 0.5)
    assert sign_flip_p(np.full(60, 0.5)) == smallest_p(60) == 1 / 100_000
    assert sign_flip_p(np.zeros(60)) == 1


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.04, 0.04]) == [0.08, 0.08]
    assert holm([0.9, 0.8, 0.2]) == [1, 1, pytest.approx(0.6)]
    assert holm([0.03]) == [0.03] and holm([]) == []


def test_adjusted_p_keeps_the_order_and_only_grows():
    rng = np.random.default_rng(6)
    for _ in range(200):
        ps = rng.choice([0.001, 0.01, 0.02, 0.03, 0.2, 1.0], 5).tolist()
        adjusted = holm(ps)
        assert all(p <= q <= 1 for p, q in zip(ps, adjusted, strict=True))
        order = np.argsort(ps, kind="stable")
        assert np.all(np.diff(np.array(adjusted)[order]) >= 0)
        lower = holm([p / 2 if i == 2 else p for i, p in enumerate(ps)])
        assert all(a <= b for a, b in zip(lower, adjusted, strict=True))


def test_seeds_needed():
    # 2/2^6 = 0.031; 3 * 2/2^6 = 0.094, 3 * 2/2^7 = 0.047
    assert [seeds_needed(m) for m in (1, 2, 3, 4, 6, 7)] == [6, 7, 7, 8, 8, 9]
    assert seeds_needed(1, alpha=0.01) == 8


# A study


def test_a_study_by_hand():
    values = {
        "3": {0: 71.0, 1: 72.0, 2: 73.0},
        "7": {0: 70.0, 1: 70.0, 2: 70.0},
        "9": {0: 69.0, 1: 71.0, 2: 68.0},
    }
    three, nine = contrast_study(values, "7")
    difference = three.difference
    assert (three.name, three.baseline, difference.n) == ("3", "7", 3)
    assert difference.mean == 2 and difference.sd == 1
    assert difference.interval == pytest.approx((2 - 2.4841, 2 + 2.4841), abs=1e-4)
    assert (three.p, three.adjusted_p, three.smallest_adjusted_p) == (0.25, 0.5, 0.5)
    assert three.comparisons == 2
    assert three.verdict == "too few seeds"
    assert (nine.name, nine.p, nine.adjusted_p) == ("9", 0.75, 0.75)


def test_pairs_are_made_by_seed_not_by_place():
    shuffled = {"old": {2: 70.0, 0: 50.0, 1: 60.0}, "new": {0: 51.0, 1: 62.0, 2: 73.0}}
    assert only(shuffled) == only(
        {"old": {0: 50.0, 1: 60.0, 2: 70.0}, "new": {0: 51.0, 1: 62.0, 2: 73.0}}
    )
    assert only(shuffled).difference.mean == 2


def test_better_and_worse():
    up = [1.0, 1.2, 0.8, 1.1, 0.9, 1.3]
    contrast = only(against(up))
    assert contrast.verdict == "better" and contrast.p == contrast.adjusted_p == 2 / 64
    down = only(against([-x for x in up]))
    assert down.verdict == "worse"
    assert down.difference.mean == pytest.approx(-contrast.difference.mean)


def test_the_same_comparison_from_the_other_side():
    up = [1.0, 1.2, 0.8, 1.1, 0.9, 1.3]
    contrast = only(against(up))
    turned = contrast.reversed
    assert (turned.name, turned.baseline) == ("old", "new")
    assert turned.difference == -contrast.difference and turned.verdict == "worse"
    assert (turned.p, turned.adjusted_p) == (contrast.p, contrast.adjusted_p)
    assert turned.reversed == contrast
    untold = only(against(up[:3]))
    assert untold.verdict == untold.reversed.verdict == "too few seeds"


def test_five_pairs_are_too_few_however_large_the_difference():
    contrast = only(against([30.0, 31.0, 29.0, 30.5, 28.0]))
    assert (
        contrast.difference.interval[0] > 25
        and contrast.p == contrast.smallest_adjusted_p == 2 / 32
    )


def test_enough_seeds_that_do_not_tell():
    contrast = only(against([1.0, -1.2, 0.8, -1.1, 0.9, 0.3]))
    assert contrast.verdict == "inconclusive"
    # The interval alone would be satisfied; the corrected test is not: nothing, -0.3, and -0.3
    # with 0.3 can be flipped, so that p is 3 * 2/256.
    differences = [0.5, 0.6, -0.3, 0.7, 0.4, 0.5, 0.6, 0.3]
    values = against(differences) | {name: against([0.0] * 8)["old"] for name in "abc"}
    first = contrast_study(values, "old")[0]
    assert first.difference.interval[0] > 0 and first.p < 0.05 < first.adjusted_p
    # One far value: the test is satisfied, the interval is not.
    contrast = only(against([0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 20.0]))
    assert contrast.adjusted_p < 0.05 and contrast.difference.interval[0] < 0
    assert contrast.verdict == "inconclusive"


def test_the_same_difference_at_every_seed_is_not_certainty():
    nothing = only(against([0.0] * 8))
    assert nothing.difference.mean == 0 and nothing.p == nothing.adjusted_p == 1
    assert nothing.difference.interval is None
    assert nothing.verdict == "inconclusive"
    rounded = only(against([-1e-13] * 7 + [0.0]))
    assert rounded.difference.interval is None and rounded.p == 1
    always = only(against([0.1] * 8, start=61.3))
    assert (
        always.p == 2 / 256
        and always.difference.interval is None
        and always.verdict == "inconclusive"
    )


def test_failed_seeds_leave_their_pair_out():
    values = against([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    values["old"][0] = None
    values["new"][1] = nan
    del values["new"][2]
    values["new"][99] = 10.0
    contrast = only(values)
    assert (contrast.difference.n, contrast.difference.mean, contrast.p) == (3, 5, 0.25)


def test_no_pair_and_one_pair():
    values = {
        "old": {0: 70.0, 1: 71.0, 2: None},
        "none": {0: nan, 2: 80.0},
        "one": {1: 73.0},
        "empty": {},
    }
    none, one, empty = contrast_study(values, "old")
    for contrast in none, empty:
        assert contrast.difference == Estimate(0, None, None, None)
        assert (contrast.p, contrast.adjusted_p, contrast.smallest_adjusted_p) == (None, None, None)
        assert contrast.verdict == "too few seeds"
    assert one.difference == Estimate(1, 2, None, None)
    assert one.p == one.smallest_adjusted_p == one.adjusted_p == 1
    assert one.comparisons == 1, "variants without a test are not corrected for"


def test_few_pairs_are_enough_once_the_others_are_told():
    # Alone in a study of two, six pairs need p = 2/64 at the second step, which is in reach.
    rng = np.random.default_rng(7)
    values = drawn_study(rng, 10, {"old": 0, "new": 5, "short": 5})
    for seed in range(6, 10):
        values["short"][seed] = None
    new, short = contrast_study(values, "old")
    assert (new.difference.n, short.difference.n) == (10, 6) and seeds_needed(2) > 6
    assert new.verdict == short.verdict == "better"


def test_study_order_and_the_baseline_left_out():
    values = drawn_study(np.random.default_rng(8), 3, SAME)
    assert [c.name for c in contrast_study(values, "5")] == ["3", "7", "9"]
    assert contrast_study({"5": {0: 70.0}}, "5") == []


def test_an_unknown_baseline():
    with pytest.raises(ValueError, match=r"baseline 8 is none of the study's variants: old, new"):
        contrast_study(against([1.0]), "8")


# What it claims, by simulation


def false_alarms(n, names, draws=4_000, images=None, apart=None):
    """The share of studies in which a variant equal to the first is told from it: by verdict, by
    adjusted p, and by p. All are equal, but for one that may stand `apart`, 5 points away."""
    rng = np.random.default_rng(9)
    counts = np.zeros(3)
    for _ in range(draws):
        values = drawn_study(rng, n, {name: 5.0 * (name == apart) for name in names})
        if images:
            values = {
                name: {seed: round(top / 100 * images) / images * 100 for seed, top in tops.items()}
                for name, tops in values.items()
            }
        equal = [c for c in contrast_study(values, names[0]) if c.name != apart]
        counts += [
            any(c.verdict in ("better", "worse") for c in equal),
            any(c.adjusted_p <= 0.05 for c in equal),
            any(c.p <= 0.05 for c in equal),
        ]
    return counts / draws


def test_equal_variants_six_seeds():
    # The level is at most 2/64 with two variants, and none of four can be told with six seeds.
    by_verdict, by_test, _ = false_alarms(6, "57")
    assert 0.015 < by_verdict <= by_test <= 0.05
    by_verdict, by_test, uncorrected = false_alarms(6, "3579", draws=1_000)
    assert by_verdict == by_test == 0 and uncorrected > 0.06


# The bounds are plain: the level is guaranteed (3 * 1/64 and 3 * 8/512 are 4.7 %), the variants
# share their baseline, and so the true shares are about 4.3 %; standard error 0.3 points.


@pytest.mark.parametrize("n", [7, 10])
def test_equal_variants(n):
    by_verdict, by_test, uncorrected = false_alarms(n, "3579")
    assert 0.02 < by_verdict <= by_test <= 0.05
    assert uncorrected > 0.09


def test_equal_variants_on_few_images():
    # A sixth of the differences are zero and many tie, which only makes the test more careful.
    by_verdict, by_test, uncorrected = false_alarms(10, "3579", draws=2_000, images=450)
    assert 0.01 < by_verdict <= by_test <= 0.05 < 0.06 < uncorrected


def test_equal_variants_beside_one_that_differs():
    # Holm's second step: 2 * 12/512 is 4.7 %.
    by_verdict, by_test, uncorrected = false_alarms(10, "3579", draws=2_000, apart="9")
    assert 0.01 < by_verdict <= by_test <= 0.05 < 0.06 < uncorrected
