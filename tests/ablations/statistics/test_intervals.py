import numpy as np
import pytest
from scipy import stats

from ablations.statistics.intervals import BCA_PAIRS, bca_interval, mean_interval


def covered(interval, truth=0.0):
    return interval[0] <= truth <= interval[1]


def test_mean_interval_by_hand():
    # mean 2, standard error 1/sqrt(3), t(2) at 97.5 % is 4.3027
    low, high = mean_interval([1.0, 2.0, 3.0])
    assert low == pytest.approx(2 - 4.302653 / 3**0.5) and high == pytest.approx(4 - low)


def test_failed_values_are_left_out():
    assert mean_interval([1.0, None, 2.0, float("nan"), 3.0]) == mean_interval([1.0, 2.0, 3.0])


@pytest.mark.parametrize("values", [[], [70.0], [70.0, None], [70.0] * 8, [0.1 + 0.2, 0.3, 0.3]])
def test_no_spread_is_no_interval(values):
    assert mean_interval(values) is None
    assert bca_interval(np.array([v for v in values if v is not None])) is None


@pytest.mark.parametrize("n", [3, 6, 10])
def test_t_intervals_cover_what_they_say(n):
    # Standard error 0.3 points.
    samples = np.random.default_rng(1).standard_normal((5_000, n))
    assert 0.935 <= np.mean([covered(mean_interval(s)) for s in samples]) <= 0.965


def test_bca_from_six_values_on():
    sample = np.random.default_rng(2).standard_normal(BCA_PAIRS)
    assert bca_interval(sample[1:]) is None
    assert bca_interval(sample) == bca_interval(sample.copy()) is not None


def test_bca_is_that_of_scipy():
    for seed in range(5):
        sample = np.random.default_rng(seed).exponential(1.0, 20)
        mine = bca_interval(sample)
        theirs = stats.bootstrap(
            (sample,), np.mean, method="BCa", n_resamples=50_000, batch=5_000, random_state=seed
        ).confidence_interval
        # The ends of 9,999 resamples have a standard error of 0.03 to 0.04 standard errors.
        close = 0.15 * sample.std() / 20**0.5
        assert mine == pytest.approx(tuple(theirs), abs=close)


def test_bca_coverage():
    # Below 95 % for few values, as its docstring says; standard error 0.6 points.
    for n, least, most in [(6, 0.83, 0.89), (20, 0.905, 0.95), (40, 0.92, 0.965)]:
        samples = np.random.default_rng(3).standard_normal((1_500, n))
        assert least <= np.mean([covered(bca_interval(s)) for s in samples]) <= most, n
