from math import nan

import pytest

from ablations.statistics.estimate import ranked


@pytest.mark.parametrize(
    ("samples", "order"),
    [
        ([[50.0, 60.0], [70.0, 70.0], [40.0, 50.0]], [1, 0, 2]),
        ([[50.0, 60.0], [60.0, 50.0], [55.0, 55.0]], [0, 1, 2]),
        ([[99.0, None], [50.0, 40.0], [nan, 98.0]], [1, 0, 2]),
        ([[None, None], [10.0, None]], [1]),
        ([[None], []], []),
    ],
)
def test_the_highest_mean_is_first_and_what_fails_loses(samples, order):
    assert ranked(samples) == order
