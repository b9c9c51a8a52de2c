from itertools import product

import numpy as np
import pytest

from ablations.statistics import significance
from ablations.statistics.significance import seeds_needed, sign_flip_p_above, smallest_p


def test_one_side_by_hand():
    # Sums of +-1 +-2 +-3: one reaches 6. Of -1, 2, 3: 6 and 4. Of 1, 2, -3: 6, 4, 2, 0 and 0.
    assert sign_flip_p_above(np.array([1.0, 2.0, 3.0])) == 1 / 8
    assert sign_flip_p_above(np.array([-1.0, 2.0, 3.0])) == 2 / 8
    assert sign_flip_p_above(np.array([1.0, 2.0, -3.0])) == 5 / 8
    assert sign_flip_p_above(np.array([-1.0, -2.0, -3.0])) == 1


@pytest.mark.parametrize("n", [1, 4, 9])
def test_one_side_is_the_enumeration(n):
    rng = np.random.default_rng(n)
    for sample in (rng.normal(0.3, 1, n), rng.integers(-3, 6, n) * 100 / 450, np.zeros(n)):
        sums = [np.dot(flip, sample) for flip in product([1, -1], repeat=n)]
        expected = np.mean(np.array(sums) >= sample.sum() - 1e-9)
        assert sign_flip_p_above(sample) == pytest.approx(expected, abs=1e-12)


def test_many_pairs_of_one_side_are_drawn_at_random(monkeypatch):
    sample = np.random.default_rng(5).normal(0.4, 1, 18)
    exact = sign_flip_p_above(sample)
    monkeypatch.setattr(significance, "EXACT_PAIRS", 17)
    drawn = sign_flip_p_above(sample)
    assert drawn == sign_flip_p_above(sample) != exact
    assert drawn == pytest.approx(exact, abs=3.5 * (exact * (1 - exact) / 99_999) ** 0.5)
    assert sign_flip_p_above(np.full(60, 0.5)) == smallest_p(60, sides=1) == 1 / 100_000


def test_one_side_needs_a_seed_less():
    assert smallest_p(6, sides=1) == 1 / 64 == smallest_p(6) / 2
    assert [seeds_needed(m, sides=1) for m in (1, 2, 3, 4, 7)] == [5, 6, 6, 7, 8]
