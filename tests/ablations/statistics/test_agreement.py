import numpy as np
import pytest
from scipy.stats import kendalltau

from ablations.statistics.agreement import order_agreement, tau_b

PAPER = {"3": 76.9, "5": 77.4, "7": 77.7, "9": 77.8}
TIED = {"C": 76.5, "16": 77.7, "4": 77.7, "1": 77.9}


def tops(*seeds, names=PAPER):
    """Variant -> seed -> Top-1, of one row of values for each seed."""
    return {
        name: {seed: row[place] for seed, row in enumerate(seeds)}
        for place, name in enumerate(names)
    }


def test_tau_by_hand():
    # 5 of 6 pairs in the same order, 1 in the other.
    assert tau_b([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(4 / 6)
    assert tau_b([1, 2, 3], [3, 2, 1]) == -1 and tau_b([1, 2], [5, 5]) == 0
    # One tie: 5 pairs are ordered on the left, 6 on the right; 5 agree.
    assert tau_b([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(5 / 30**0.5)
    assert tau_b([0.1 + 0.2, 0.3, 1], [1, 1, 2]) == 1, "rounding makes no order"


def test_tau_is_scipys():
    rng = np.random.default_rng(0)
    for _ in range(200):
        first, second = rng.integers(0, 5, 6), rng.integers(0, 5, 6)
        if np.ptp(first) and np.ptp(second):
            assert tau_b(first, second) == pytest.approx(kendalltau(first, second).statistic)


def test_an_agreement_by_hand():
    found = order_agreement(PAPER, tops([1, 2, 3, 4], [1, 2, 4, 3], [2, 1, 3, 4]))
    assert (found.variants, found.most, found.tau.n) == (4, 1, 3)
    assert found.tau.mean == pytest.approx((1 + 4 / 6 + 4 / 6) / 3)
    assert found.p == 2 / 8 and found.verdict == "too few seeds"


def test_ties_of_the_paper_bound_tau():
    found = order_agreement(TIED, tops(*[[1, 2, 3, 4]] * 2, names=TIED))
    assert found.most == pytest.approx((5 / 6) ** 0.5) == found.tau.mean


UP, DOWN = [1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([UP] * 5, "too few seeds"),
        ([[top + seed for top in UP] for seed in range(6)], "agrees"),
        ([[top + seed for top in DOWN] for seed in range(6)], "reversed"),
        ([UP] * 6, "inconclusive"),  # one observation, repeated
        ([UP, DOWN] * 4, "inconclusive"),
        ([[1.0, 2.0, 4.0, 3.0], UP, UP, UP, UP, [2.0, 1.0, 3.0, 4.0]], "agrees"),
        ([[None, *UP[1:]]] * 6, "too few seeds"),
    ],
)
def test_verdicts(rows, verdict):
    assert order_agreement(PAPER, tops(*rows)).verdict == verdict


def test_nothing_is_ordered_by_equal_figures():
    assert order_agreement({"a": 77.7, "b": 77.7}, tops(UP[:2], names="ab")) is None
    assert order_agreement({"a": 77.7}, tops(UP[:1], names="a")) is None
    assert order_agreement({}, {}) is None


def test_unrelated_orders_agree_in_at_most_5_percent_of_studies():
    rng, draws = np.random.default_rng(2), 2_000
    told = 0
    for _ in range(draws):
        found = order_agreement(TIED, tops(*rng.normal(size=(8, 4)), names=TIED))
        told += found.verdict in ("agrees", "reversed")
    assert 0.02 < told / draws <= 0.05 + 2 * (0.05 * 0.95 / draws) ** 0.5
