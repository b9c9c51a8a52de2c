from math import nan

import pytest

from ablations.statistics.estimate import Estimate, mean_interval


def test_by_hand():
    # Mean 2, sd 1, standard error 1/sqrt 3, t(2) at 97.5 % is 4.3027.
    found = Estimate.of([1.0, 2.0, 3.0])
    assert (found.n, found.mean, found.sd) == (3, 2, 1)
    assert found.interval == mean_interval([1.0, 2.0, 3.0])
    assert found.half_width == pytest.approx(4.302653 / 3**0.5)


def test_failed_values_are_left_out():
    assert Estimate.of([1.0, None, 2.0, nan, 3.0]) == Estimate.of([1.0, 2.0, 3.0])


def test_few_values_say_less():
    assert Estimate.of([None, nan]) == Estimate.of([]) == Estimate(0, None, None, None)
    assert Estimate.of([70.0]) == Estimate(1, 70.0, None, None)
    assert Estimate.of([70.0] * 3) == Estimate(3, 70.0, 0.0, None)
    assert Estimate.of([]).half_width is None and Estimate.of([70.0] * 3).half_width is None


def test_the_other_sign():
    found = Estimate.of([1.0, 2.0, 4.0])
    turned = -found
    low, high = found.interval
    assert (turned.n, turned.mean, turned.sd) == (3, -found.mean, found.sd)
    assert turned.interval == (-high, -low)
    assert turned.half_width == pytest.approx(found.half_width)
    assert -turned == found and -Estimate.of([]) == Estimate.of([])
