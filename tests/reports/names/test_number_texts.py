import pytest

from ablations.statistics.estimate import Estimate
from reports.names.number_texts import (
    difference_text,
    giga_macs,
    mean_text,
    millions,
    p_text,
    seeds_text,
    signed,
    signed_count,
    two_digits,
    with_n,
)


def test_counts_have_the_papers_digits_and_small_ones_more():
    assert [millions(15_473_962), millions(77_520)] == ["15.5", "0.0775"]
    assert [giga_macs(2_646_000_000), giga_macs(8_960_000)] == ["2.65", "0.00896"]
    assert [signed_count(n) for n in (-1_000, 0, 1_234_567)] == ["−1,000", "0", "+1,234,567"]


def test_signs():
    assert [signed(x) for x in (-4.06, 0.0, -0.04, 12.0)] == ["−4.1", "+0.0", "+0.0", "+12.0"]


@pytest.mark.parametrize(("rate", "text"), [(1234.5, "1200"), (94.6, "95"), (7.04, "7")])
def test_rates_have_two_digits(rate, text):
    assert two_digits(rate) == text


def test_estimates():
    several, one, none = Estimate(3, -2.0, 1.0, (-4.5, 0.5)), Estimate.of([7.0]), Estimate.of([])
    assert mean_text(several) == "-2.0 ± 2.5" and difference_text(several) == "−2.0 ± 2.5"
    assert mean_text(one) == "7.0" and difference_text(one) == "+7.0"
    assert mean_text(none) is None and difference_text(none) is None
    assert with_n("7.0", one) == "7.0 (1)" and with_n(None, none) is None


def test_small_words():
    assert [seeds_text(1), seeds_text(8)] == ["1 seed", "8 seeds"]
    assert [p_text(0.03125), p_text(1.0)] == ["0.031", "1"]
