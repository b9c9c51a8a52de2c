from math import inf

import numpy as np
import pytest
from drawn import drawn_study

from ablations.statistics.contrasts import contrast_study
from ablations.statistics.power import (
    DRAWS,
    detectable_difference,
    detectable_margin,
    equivalence_power,
    no_worse_power,
    power_of,
)
from ablations.statistics.significance import seeds_needed

SD = 0.5


def found(rng, n, comparisons, difference, draws):
    """The share of drawn studies in which the one variant that differs gets the right verdict."""
    shifts = {"base": 0.0, "new": difference} | {f"v{i}": 0.0 for i in range(comparisons - 1)}
    right = "better" if difference > 0 else "worse"
    hits = 0
    for _ in range(draws):
        hits += contrast_study(drawn_study(rng, n, shifts, SD), "base")[0].verdict == right
    return hits / draws


@pytest.mark.parametrize(
    ("n", "comparisons", "power", "sign"),
    [(6, 1, 0.8, 1), (10, 1, 0.5, -1), (7, 3, 0.8, 1), (10, 3, 0.8, 1), (16, 3, 0.8, -1)],
)
def test_planted_differences_are_found_as_often_as_planned(n, comparisons, power, sign):
    draws = 3_000
    difference = sign * detectable_difference(SD, n, comparisons, power=power)
    assert power_of(difference, SD, n, comparisons) == pytest.approx(power, abs=1e-3)
    share = found(np.random.default_rng(n), n, comparisons, difference, draws)
    error = (power * (1 - power) * (1 / draws + 1 / DRAWS)) ** 0.5
    assert share == pytest.approx(power, abs=3 * error)


def test_pairing_is_what_finds_them():
    # The seeds' luck, six times SD, would hide this difference from any test without pairs.
    assert found(np.random.default_rng(0), 10, 1, 0.6, 300) > 0.8


def test_too_few_seeds_find_nothing():
    for comparisons in (1, 3, 8):
        n = seeds_needed(comparisons)
        assert detectable_difference(SD, n - 1, comparisons) == inf
        assert power_of(1e6, SD, n - 1, comparisons) == 0
        assert detectable_difference(SD, n, comparisons) < inf
        assert power_of(1e6, SD, n, comparisons) == 1
    assert detectable_difference(SD, 30, 10**10) == inf


def test_more_seeds_find_less_and_more_comparisons_hide_more():
    by_seeds = [detectable_difference(SD, n, 3) for n in (7, 8, 9, 10, 12, 15, 17, 25, 2_000)]
    assert by_seeds == sorted(by_seeds, reverse=True)
    by_comparisons = [detectable_difference(SD, 10, m) for m in (1, 2, 3, 6, 12)]
    assert by_comparisons == sorted(by_comparisons)
    by_power = [detectable_difference(SD, 10, 3, power=p) for p in (0.001, 0.2, 0.5, 0.8, 0.95)]
    assert by_power == sorted(by_power) and by_power[0] == 0


def test_power_is_in_units_of_the_spread():
    assert power_of(0.6, 0.5, 8, 2) == power_of(-1.2, 1.0, 8, 2)
    assert detectable_difference(1.0, 8, 2) == pytest.approx(2 * detectable_difference(0.5, 8, 2))
    # What a two-sided test finds where nothing is, in one direction: half its level at most.
    assert 0.01 < power_of(0.0, 0.5, 8, 1) <= 0.028
    # Six of one sign are 1/64 of all draws; the t interval does not exclude zero in all of them.
    assert 0.0115 < power_of(0.0, 0.5, 6, 1) < 0.0145 < 1 / 64


def test_many_seeds_are_those_of_the_t_test():
    # Normal theory for n = 100: (1.9842 + 0.8446) standard errors; noncentral t gives 0.2829.
    assert detectable_difference(1.0, 100, 1) == pytest.approx(0.2829, rel=0.01)


@pytest.mark.parametrize(
    "values", [(0.0, 6, 1), (-1.0, 6, 1), (inf, 6, 1), (1.0, 0, 1), (1.0, 6, 0), (1.0, 6, 1, 1.5)]
)
def test_nonsense_is_refused(values):
    sd, n, comparisons, *alpha = values
    with pytest.raises(ValueError):
        detectable_difference(sd, n, comparisons, *alpha)
    with pytest.raises(ValueError):
        power_of(1.0, sd, n, comparisons, *alpha)


def test_nonsense_differences_and_powers_are_refused():
    with pytest.raises(ValueError, match="a difference of nan"):
        power_of(float("nan"), 1.0, 8, 1)
    for power in (0.0, 1.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            detectable_difference(1.0, 8, 1, power=power)


# A margin


@pytest.mark.parametrize(("n", "comparisons", "power"), [(6, 1, 0.8), (8, 3, 0.5), (16, 3, 0.8)])
def test_equal_variants_are_called_no_worse_and_equivalent_as_often_as_planned(
    n, comparisons, power
):
    """The first variant of a study in which the others are far worse, so that it comes first."""
    rng, draws = np.random.default_rng(n), 1_000
    margin = detectable_margin(SD, n, comparisons, power=power)
    assert no_worse_power(margin, SD, n, comparisons) == pytest.approx(power, abs=1e-3)
    shifts = {"base": 0.0, "new": 0.0} | {f"v{i}": -50.0 for i in range(comparisons - 1)}
    no_worse = equivalent = 0
    for _ in range(draws):
        found, *_ = contrast_study(drawn_study(rng, n, shifts, SD), "base", margin)
        no_worse += found.within_told
        equivalent += found.margin_verdict == "equivalent"
    bound = 4 * (0.25 / draws) ** 0.5
    assert no_worse / draws == pytest.approx(power, abs=bound)
    assert equivalent / draws == pytest.approx(
        equivalence_power(margin, SD, n, comparisons), abs=bound
    )


def test_equivalent_is_rarer_than_no_worse_and_both_come_with_the_margin():
    margins = [0.1, 0.3, 0.5, 1.0, 5.0]
    no_worse = [no_worse_power(margin, SD, 8, 3) for margin in margins]
    equivalent = [equivalence_power(margin, SD, 8, 3) for margin in margins]
    assert all(e <= w for e, w in zip(equivalent, no_worse, strict=True))
    assert no_worse == sorted(no_worse) and equivalent == sorted(equivalent)
    assert no_worse[-1] == equivalent[-1] == 1 and equivalent[0] == 0


def test_a_margin_needs_a_seed_less_than_a_difference():
    assert detectable_margin(SD, 5, 3) == detectable_difference(SD, 6, 3) == inf
    assert detectable_margin(SD, 6, 3) < inf and no_worse_power(9.0, SD, 5, 3) == 0


def test_many_seeds_of_a_margin_are_those_of_the_t_test():
    # The interval asks for 2.5 % of one side: 0.2829 for n = 100, as of a difference.
    assert detectable_margin(1.0, 100, 1) == pytest.approx(0.2829, rel=0.01)


@pytest.mark.parametrize("margin", [0.0, -1.0, inf])
def test_nonsense_margins_are_refused(margin):
    for power in (no_worse_power, equivalence_power):
        with pytest.raises(ValueError, match="a margin of"):
            power(margin, 1.0, 8, 1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        detectable_margin(1.0, 8, 1, power=1.0)
