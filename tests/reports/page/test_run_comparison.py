from dataclasses import replace

import pytest
from finished import make_run, run_of

from ablations.results.results import results_of
from ablations.study.builder import make_study, parse_study
from reports.page.html_pages import render_comparison
from reports.page.run_comparison import compare_runs

TOPS = {"3": [40.0, 50.0, 45.0], "7": [80.0, 70.0, 75.0]}


def compared(first, second):
    return compare_runs(results_of(first), results_of(second))


def cells(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


@pytest.fixture
def first():
    return make_run("a", "kernel-size", TOPS, dataset="digits")


def test_the_same_run_differs_in_nothing(first):
    found = compared(first, first)
    assert found.settings == [] and found.only == []
    assert "data" in found.same and "lr" in found.same
    assert [row[-1] for row in cells(found.costs)] == ["0", "0"]
    assert [row[3] for row in cells(found.accuracy)] == ["+0.0 (3)"] * 2
    assert "the difference is the same at every seed" in found.conclusions[0] or (
        "inconclusive (3 seeds" in found.conclusions[0]
    )


def test_differences_are_paired_by_seed_and_settings_are_named(first):
    tops = {"3": [41.0, 52.0], "9": [60.0, 61.0]}
    second = make_run("b", "kernel-size", tops, dataset="digits", lr=0.2)
    found = compared(first, second)
    named = {d.name: (d.first, d.second) for d in found.settings}
    assert named["lr"] == ("0.1", "0.2") and named["seeds"] == ("3", "2")
    assert named["variants of kernel-size"] == ("3; 7", "3; 9")
    assert "batch size" in found.same and "margin" in found.same
    (row,) = cells(found.accuracy)
    assert row[:4] == ["K=3, 16 group channels, r=4", "45.0 ± 12.4 (3)", "46.5 ± 69.9 (2)",
                       "+1.5 ± 6.4 (2)"]  # fmt: skip
    assert found.conclusions == [
        "K=3, 16 group channels, r=4: differs by +1.5 ± 6.4 (2) points: inconclusive (2 seeds; "
        "at least 6 are needed)."
    ]
    assert found.only == [
        "Only A counted and trained K=7, 16 group channels, r=4.",
        "Only B counted and trained K=9, 16 group channels, r=4.",
    ]


def test_changed_costs_are_whole_numbers(first):
    rows = [replace(row, params=row.params - 1_000) for row in first.proofs["kernel-size"]]
    second = replace(first, proofs={"kernel-size": rows})
    (three, _) = cells(compared(first, second).costs)
    assert three[1:] == ["14.7", "2.46", "14.7", "2.46", "−1,000", "0"]


def test_costs_are_those_of_a_network_however_it_is_trained():
    study = make_study(parse_study('name = "r"\naxes.lr = [0.1, 0.05]\naxes.kernel_size = [3, 7]'))
    trained = run_of("a", study, {name: [50.0, 51.0] for name in study.variants}, dataset="digits")
    settings = replace(trained.settings, train=None)
    counted = replace(trained, settings=settings, records=[], timings=[])
    found = compared(trained, counted)
    assert [row[-2:] for row in cells(found.costs)] == [["0", "0"]] * 2
    assert len(found.only) == 4 and all(line.startswith("Only A trained") for line in found.only)


def test_accuracies_on_other_images_are_not_compared(first):
    other = make_run("b", "kernel-size", TOPS, dataset="cifar10")
    found = compared(first, other)
    assert found.accuracy is None and found.conclusions == []
    assert [row[-2:] for row in cells(found.costs)] == [["0", "0"]] * 2
    assert "Only B trained K=3, 16 group channels, r=4, cifar10." in found.only


def test_the_page_names_and_escapes(first):
    second = make_run("b", "kernel-size", TOPS)
    page = render_comparison(compared(first, second), ("runs/a", "<b>&"))
    assert "&lt;b&gt;&amp;" in page and "<script>alert" not in page
    assert "These settings differ." in page
    assert page == render_comparison(compared(first, second), ("runs/a", "<b>&"))


def test_runs_without_anything_in_common(first):
    other = make_run("b", "kernel-size", {"5": [60.0]}, dataset="digits")
    found = compared(first, other)
    assert found.accuracy is None and found.costs.rows == []
    page = render_comparison(found, ("a", "b"))
    assert "trained no variant in common" in page and "counted no variant in common" in page


def test_trainings_are_matched_by_what_they_were_and_not_by_their_runs_baseline():
    def run(baseline):
        text = f'name = "rates"\naxes.lr = [0.1, 0.02]\nbaseline.lr = {baseline}'
        study = make_study(parse_study(text))
        tops = {"0.1": [50.0, 51.0, 52.0], "0.02": [40.0, 41.0, 42.0]}
        return run_of("out", study, tops, dataset="digits", lr=baseline)

    comparison = compared(run(0.1), run(0.02))
    assert comparison.only == []
    assert [row.cells[3].text for row in comparison.accuracy.rows] == ["+0.0 (3)"] * 2
    assert "learning rate 0.1" in comparison.accuracy.rows[0].cells[0].text


def test_a_margin_is_a_setting_of_the_run(first):
    second = make_run("b", "kernel-size", TOPS, dataset="digits", margin=0.5)
    (difference,) = compared(first, second).settings
    assert (difference.name, difference.first, difference.second) == ("margin", "–", "0.5 points")
