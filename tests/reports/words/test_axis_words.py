from crossed import HEADINGS, SHIFTS, TWO, found, label, tables, texts, tops_of

from reports.words.axis_words import factorial_words


def words(design, tops):
    return factorial_words(*found(design, tops), label, HEADINGS.get)


def test_what_was_found_is_said_with_its_figures():
    tops = tops_of(TWO, SHIFTS)
    sizes, forms, together = words(TWO, tops)
    by_size, by_form, both = map(texts, tables(TWO, tops))
    three = by_size[1][3].removesuffix(" (8)")
    assert sizes == (
        "Kernel Size, averaged over Function Form, against 7 × 7, in Top-1: 3 × 3 differs by "
        f"{three} points over 8 seeds: worse (adjusted p = 0.016); 9 × 9: inconclusive with 8 "
        "seeds (the interval includes zero)."
    )
    form = by_form[1][3].removesuffix(" (8)")
    assert f"W differs by {form} points over 8 seeds: better (p = 0.0078)" in forms
    sum_of_both = both[0][1].removesuffix(" (8)")
    assert together == (
        f"Interactions, against 7 × 7 and W₁σ(W₀), r = 4: 3 × 3 with W differs from the sum by "
        f"{sum_of_both} points over 8 seeds: more than the sum (adjusted p = 0.016); 1 other "
        "pair of levels: inconclusive. Where axes interact, an average over one does not hold "
        "at each of its levels."
    )


def test_less_than_the_sum():
    *_, less = words(TWO, tops_of(TWO, SHIFTS | {"3, W": -6.0, "9, W": 4.0}))
    assert "3 × 3 with W differs from the sum by −" in less and ": less than the sum (" in less
    assert "; 9 × 9 with W differs from the sum by +" in less and "other pair" not in less


def test_three_seeds_say_how_many_are_needed():
    sizes, forms, together = words(TWO, tops_of(TWO, SHIFTS, seeds=3))
    assert sizes.endswith("3 × 3 and 9 × 9: inconclusive (3 seeds; at least 7 are needed).")
    assert forms.endswith("in Top-1: W: inconclusive (3 seeds; at least 6 are needed).")
    assert together == (
        "Whether the effects of Kernel Size and Function Form add up: inconclusive (3 seeds; "
        "at least 7 are needed)."
    )


def test_what_was_not_found_is_not_said_to_be_absent():
    *_, together = words(TWO, tops_of(TWO, {"3, r=4": -5.0, "3, W": -5.0}))
    assert together == (
        "No interaction of Kernel Size and Function Form was shown. That does not mean that "
        "their effects add up."
    )


def test_where_no_seed_finished_nothing_can_be_said():
    sizes, _, together = words(TWO, tops_of(TWO, {}) | {"7, r=4": {}})
    assert sizes.endswith("3 × 3 and 9 × 9: inconclusive (no seed finished with both).")
    assert together == (
        "No seed finished the cells of any interaction of Kernel Size and Function Form; nothing "
        "can be said."
    )
    assert factorial_words([], [], label, HEADINGS.get) == []
