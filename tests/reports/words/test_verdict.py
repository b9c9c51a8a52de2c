import pytest
from finished import make_run

from ablations.results.results import results_of
from ablations.statistics.contrasts import contrast_study
from reports.page.sections import build_sections
from reports.words.verdict import conclusion


def verdict(tops, **options):
    (section,) = build_sections(results_of(make_run("out", "kernel-size", tops, **options)))
    return section.verdict, section.table.table


def against(differences):
    """What is concluded of a variant that differs so from the baseline, seed by seed."""
    base = {seed: 60.0 + seed for seed in range(len(differences))}
    new = {seed: None if d is None else base[seed] + d for seed, d in enumerate(differences)}
    return conclusion(*contrast_study({"old": base, "new": new}, "old"))


@pytest.mark.parametrize(
    ("differences", "words"),
    [
        ([2.0, 1.0, 3.0], "inconclusive (3 seeds; at least 6 are needed)"),
        ([30.0, 31.0, 29.0, 30.5, 28.0], "inconclusive (5 seeds; at least 6 are needed)"),
        ([1.0, 1.2, 0.8, 1.1, 0.9, 1.3], "better (p = 0.031)"),
        ([-1.0, -1.2, -0.8, -1.1, -0.9, -1.3], "worse (p = 0.031)"),
        (
            [1.0, -1.2, 0.8, -1.1, 0.9, 0.3],
            "inconclusive with 6 seeds (the interval includes zero)",
        ),
        ([0.1, 0.2, 0.1, 0.2, 0.1, 0.2, -0.1, 0.3], "better (p = 0.039)"),
        ([0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 20.0], "inconclusive with 7 seeds (the interval includes"),
        ([None, None], "inconclusive (no seed finished with both)"),
        ([0.5] * 8, "inconclusive (every seed has the same difference"),
    ],
)
def test_words_are_as_strong_as_the_data(differences, words):
    found = against(differences)
    assert found.startswith(words)
    assert "no difference" not in found and "equal" not in found


def test_a_test_that_does_not_tell_is_named_although_the_interval_does():
    differences = [0.5, 0.6, -0.3, 0.7, 0.4, 0.5, 0.6, 0.3]
    base = dict.fromkeys(range(8), 70.0)
    new = {seed: 70.0 + difference for seed, difference in enumerate(differences)}
    contrast, *_ = contrast_study({"old": base, "new": new, "a": base, "b": base, "c": base}, "old")
    # Of 256 flips 6 reach the mean; there are four comparisons.
    assert contrast.difference.interval[0] > 0 and contrast.adjusted_p == 4 * 6 / 256
    assert conclusion(contrast) == "inconclusive with 8 seeds (adjusted p = 0.094)"


def test_with_three_seeds_the_verdict_says_how_many_are_needed():
    words, _ = verdict({"3": [40.0, 41.0, 42.0], "7": [60.0, 63.0, 61.0], "9": [61.0, 62.0, 60.0]})
    told, reach = words.headline.split("; with differences ")
    assert told == (
        "Inconclusive: with 3 seeds no difference from 7 × 7 in Top-1 can be shown, however large, "
        "since the exact test cannot go below p = 0.25 before any correction. At least 7 seeds are "
        "needed"
    )
    assert reach == (
        "of this spread (SD 1.4 points), 7 would detect a true one of 2.5 points in four cases of "
        "five."
    )
    assert words.lines[0] == "7 × 7, the baseline: 15.5 M parameters and 2.65 G MACs in RedNet-50."
    assert words.lines[1] == (
        "3 × 3: 14.7 M parameters and 2.46 G MACs in RedNet-50; in RedNet-small, which was "
        "trained, Top-1 differs by −20.3 ± 3.8 points over 3 seeds: inconclusive (3 seeds; "
        "at least 7 are needed)."
    )


def test_where_no_pair_finished_nothing_can_be_said():
    words, _ = verdict({"3": [None, None], "7": [60.0, 61.0]})
    assert words.headline == (
        "No seed finished with both 7 × 7 and another variant; nothing can be said."
    )
    assert words.lines[1].endswith("trained: inconclusive (no seed finished with both).")


def test_every_number_of_the_verdict_stands_in_the_table():
    words, table = verdict({"3": [40.0, 41.5, 42.0], "7": [60.0, 63.0, 61.0]})
    cells = [cell.text for row in table.rows for cell in row.cells]
    for line in words.lines:
        label, _, rest = line.partition(": ")
        assert label.split(",")[0] in cells
        assert (
            rest.split(" M ")[0] in cells
            and rest.split("parameters and ")[1].split(" G")[0] in cells
        )
    assert "−20.2 ± 3.1 (3)" in cells and "differs by −20.2 ± 3.1 points over 3" in words.lines[1]


def test_what_is_told_apart_is_named_in_the_headline():
    base = [60.0, 63.0, 61.0, 64.0, 62.0, 60.5, 61.5]
    tops = {"3": [x - 5 - i % 2 for i, x in enumerate(base)], "7": base,
            "9": [x + (-1) ** i for i, x in enumerate(base)]}  # fmt: skip
    words, _ = verdict(tops)
    assert words.headline == (
        "In Top-1, against 7 × 7: 3 × 3 is worse; the other one is inconclusive."
    )
    assert "3 × 3" in words.lines[1] and "worse (adjusted p = 0.031)" in words.lines[1]


def test_one_variant_alone_is_compared_with_nothing():
    words, _ = verdict({"7": [60.0]})
    assert (
        words.headline == "Nothing else was judged on the images of 7 × 7; nothing can be compared."
    )
