import numpy as np
import pytest
from drawn import drawn_study
from scipy.stats import multivariate_t

from ablations.statistics.dunnett import critical_value, dunnett, share_within
from ablations.statistics.estimate import mean_interval

TOPS = {
    "7": {0: 70.0, 1: 72.0, 2: 71.0, 3: 73.0},
    "3": {0: 68.0, 1: 69.5, 2: 69.0, 3: 70.0},
    "9": {0: 70.5, 1: 72.0, 2: 71.0, 3: 73.5},
}


@pytest.mark.parametrize(
    ("comparisons", "freedom", "printed"),
    [
        *((2, 5, 3.03), (3, 5, 3.29), (9, 5, 3.97)),
        *((2, 10, 2.57), (3, 10, 2.76), (5, 10, 2.99), (2, 20, 2.38), (3, 20, 2.54)),
        *((9, 20, 2.95), (3, 60, 2.41), (5, 60, 2.58)),
    ],
)
def test_critical_values_are_those_of_dunnetts_table(comparisons, freedom, printed):
    """Dunnett, New Tables for Multiple Comparisons with a Control, Biometrics 1964, two-sided."""
    assert critical_value(comparisons, freedom) == pytest.approx(printed, abs=0.00501)


def test_one_comparison_has_students_t():
    for freedom, t in ((1, 12.7062), (5, 2.570582), (30, 2.042272)):
        assert critical_value(1, freedom) == pytest.approx(t, abs=1e-4)


def test_the_share_is_that_of_the_multivariate_t():
    shape = np.full((3, 3), 0.5) + np.eye(3) / 2
    expected = multivariate_t(shape=shape, df=9, seed=1).cdf([2.2] * 3, lower_limit=[-2.2] * 3)
    assert share_within(2.2, 3, 9) == pytest.approx(expected, abs=2e-4)


def test_a_study_by_hand():
    three, nine = dunnett(TOPS, "7")
    assert (three.name, three.baseline, three.seeds) == ("3", "7", 4)
    assert (three.difference, nine.difference) == (pytest.approx(-2.375), pytest.approx(0.25))
    # Residuals of each seed (mean of the row and the column taken out), squared and summed, over
    # (3 - 1)(4 - 1) = 6 degrees of freedom; t of 2 comparisons is 2.863 (Dunnett's table: 2.86).
    rows = np.array([[70, 68, 70.5], [72, 69.5, 72], [71, 69, 71], [73, 70, 73.5]])
    squares = 0.0
    for row in rows:
        for value, column in zip(row, rows.T, strict=True):
            squares += (value - row.mean() - column.mean() + rows.mean()) ** 2
    half = 2.8631 * (2 * squares / 6 / 4) ** 0.5
    assert three.interval == pytest.approx((-2.375 - half, -2.375 + half), abs=1e-3)
    assert three.excludes_zero and not nine.excludes_zero
    assert three.p < 0.05 < nine.p < 1


def test_two_variants_have_the_paired_t_interval():
    pair = {name: TOPS[name] for name in ("7", "3")}
    (three,) = dunnett(pair, "7")
    differences = [TOPS["3"][seed] - TOPS["7"][seed] for seed in range(4)]
    assert three.interval == pytest.approx(mean_interval(differences), abs=1e-4)


def test_p_and_interval_say_the_same():
    for confidence in (0.5, 0.9, 0.99):
        for one in dunnett(TOPS, "7", confidence):
            assert one.excludes_zero == (one.p < 1 - confidence)


def test_only_seeds_that_all_finished_count():
    holes = TOPS | {"9": {**TOPS["9"], 3: None}, "7": {**TOPS["7"], 4: 10.0}}
    three, _ = dunnett(holes, "7")
    assert three.seeds == 3
    assert three.difference == pytest.approx(-6.5 / 3)


def test_a_variant_without_any_seed_is_left_out():
    assert dunnett(TOPS | {"5": dict.fromkeys(range(4)), "11": {}}, "7") == dunnett(TOPS, "7")


@pytest.mark.parametrize(
    "tops",
    [
        {"7": TOPS["7"]},
        {"7": {0: 70.0}, "3": {0: 60.0}},
        {"7": {0: 70.0, 1: 71.0}, "3": {2: 60.0, 3: 61.0}},
        {"7": {0: 70.0, 1: 71.0}, "3": {0: 60.0, 1: 61.0}},
        {"7": {0: None, 1: None}, "3": {0: 60.0, 1: 61.0}},
    ],
)
def test_where_nothing_can_be_said_there_is_nothing(tops):
    assert dunnett(tops, "7") == []


def test_95_percent_of_studies_are_covered_at_once():
    rng, draws = np.random.default_rng(3), 1_500
    shifts = {"7": 0.0, "3": -3.0, "5": -1.0, "9": 0.2}
    covered = 0
    for _ in range(draws):
        found = dunnett(drawn_study(rng, 5, shifts), "7")
        covered += all(one.interval[0] <= shifts[one.name] <= one.interval[1] for one in found)
    # Without the correction (Student's t of 12 degrees) it would be about 0.88.
    assert covered / draws == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / draws) ** 0.5)
