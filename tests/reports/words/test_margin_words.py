import re

import pytest
from finished import make_run

from ablations.results.results import results_of
from ablations.statistics.contrasts import contrast_study
from reports.page.html_pages import render_report
from reports.page.sections import build_sections
from reports.tables.study_table import study_table
from reports.words.margin_words import found_words, margin_conclusion

SMALL = [0.1, -0.1, 0.2, -0.2, 0.1, 0.0]


def against(differences, margin=0.5):
    base = {seed: 60.0 + seed for seed in range(len(differences))}
    new = {seed: None if d is None else base[seed] + d for seed, d in enumerate(differences)}
    return contrast_study({"old": base, "new": new}, "old", margin)[0]


@pytest.mark.parametrize(
    ("differences", "words", "headline"),
    [
        (SMALL, "equivalent to A within 0.5 points (p = 0.016)", "equivalent within 0.5 points"),
        ([d + 0.6 for d in SMALL], "", "better"),
        ([d - 0.6 for d in SMALL], "a loss of more than 0.5 points is not ruled out (interval "
         "−0.7 to −0.4)", "worse"),
        ([d - 3 for d in SMALL], "", "worse"),
        # One of these is -0.5, so that two flips of 64 reach the sum.
        ([d - 0.3 for d in SMALL], "equivalent to A within 0.5 points (p = 0.031)",
         "worse, but equivalent within 0.5 points"),
        ([0.6, -0.3, 0.9, 0.2, 0.9, 0.8, -0.2],
         "no worse than A by more than 0.5 points (p = 0.0078)",
         "no worse by more than 0.5 points"),
        (SMALL[:3], "a loss of more than 0.5 points is not ruled out (3 seeds; at least 5 are "
         "needed)", ""),
        ([0.1] * 6, "a loss of more than 0.5 points is not ruled out (every seed has the same "
         "difference)", ""),
        ([None, None], "", ""),
    ],
)  # fmt: skip
def test_words_are_as_strong_as_the_data(differences, words, headline):
    contrast = against(differences)
    assert margin_conclusion(contrast, "A") == words
    assert found_words(contrast) == headline


def test_without_a_margin_there_are_no_words_of_it():
    assert margin_conclusion(against(SMALL, None), "A") == "" == found_words(against(SMALL, None))


BASE = [60.0, 63.0, 61.0, 64.0, 62.0, 60.5, 61.5]
TOPS = {
    "3": [x - 5 - i % 2 for i, x in enumerate(BASE)],
    "7": BASE,
    "9": [x + 0.1 * (-1) ** i for i, x in enumerate(BASE)],
}


def results(margin):
    return results_of(make_run("out", "kernel-size", TOPS, margin=margin, dataset="digits"))


def test_the_headline_names_what_is_equivalent():
    (section,) = build_sections(results(1.0))
    assert section.verdict.headline == (
        "In Top-1, against 7 × 7: 3 × 3 is worse; 9 × 9 is equivalent within 1 point."
    )
    assert section.verdict.lines[2].endswith(
        "inconclusive with 7 seeds (the interval includes zero); equivalent to 7 × 7 within 1 "
        "point (adjusted p = 0.016)."
    )
    assert section.verdict.lines[1].endswith("worse (adjusted p = 0.031).")


def test_only_a_margin_brings_columns():
    (with_margin,), (without,) = results(1.0).studies, results(None).studies
    table, plain = (study_table(found, "a", "b") for found in (with_margin, without))
    added = [
        c.heading for c in table.columns if c.heading not in {c.heading for c in plain.columns}
    ]
    assert added == ["against 7 × 7, within 1 point"]
    values = {c.name: [c.value(v) for v in with_margin.variants] for c in table.csv}
    assert set(values) - {c.name for c in plain.csv} == {
        *("margin", "no_worse_p", "adjusted_no_worse_p"),
        *("equivalent_p", "adjusted_equivalent_p", "margin_verdict"),
    }
    assert values["margin_verdict"] == ["inconclusive", None, "equivalent"]
    assert values["margin"] == [1.0, None, 1.0]
    # 3 loses a point and more at every seed.
    assert values["no_worse_p"] == [1, None, 1 / 128]
    assert values["adjusted_no_worse_p"] == [1, None, 2 / 128]


def test_the_page_says_what_the_margin_is_and_which_reading_is_the_verdict():
    pages = [render_report(found, build_sections(found)) for found in (results(1.0), results(None))]
    texts = [
        " ".join(re.sub("<[^>]*>", " ", page.partition("<main>")[2]).split()) for page in pages
    ]
    assert "margin 1 point of Top-1" in texts[0]
    assert "within 1 point” are separate tests" in texts[0]
    assert "margin" not in texts[1].partition("as a study’s file")[0]
    for text in texts:
        assert "The verdict is not this one but that of the sign flips, Holm-corrected." in text
        assert "Dunnett’s simultaneous 95 % intervals against 7 × 7" in text


def test_frames_have_the_margin_where_there_is_one():
    frame, plain = results(1.0).contrasts(), results(None).contrasts()
    assert [*frame.columns][: len(plain.columns)] == [*plain.columns]
    assert frame["margin_verdict"].tolist() == ["inconclusive", "equivalent"]
    assert frame["equivalent_p"].tolist() == [1, 1 / 128]
