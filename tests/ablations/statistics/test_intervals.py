import numpy as np
import pytest

from ablations.statistics.estimate import mean_interval


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


@pytest.mark.parametrize("n", [3, 6, 10])
def test_t_intervals_cover_what_they_say(n):
    # Standard error 0.3 points.
    samples = np.random.default_rng(1).standard_normal((5_000, n))
    assert 0.935 <= np.mean([covered(mean_interval(s)) for s in samples]) <= 0.965
