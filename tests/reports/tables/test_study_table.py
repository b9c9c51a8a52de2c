from math import inf

import pytest
from finished import make_run, run_of

from ablations.results.results import results_of
from ablations.study.builder import make_study, parse_study
from reports.tables.study_table import study_table


def first_column(run):
    (result,) = results_of(run).studies
    table = study_table(result, "a network", "some images")
    return {row.cells[0].text: row.cells[0].sort_by for row in table.rows}


@pytest.mark.parametrize(
    ("study", "numbers"),
    [
        ("kernel-size", {"3": 3.0, "11": 11.0}),
        ("group-channels", {"1": 1.0, "16": 16.0, "C": inf}),
        ("kernel-generator", {"W": 0.0, "r=4": 4.0, "r=16": 16.0, "attention": inf}),
    ],
)
def test_variants_are_sorted_by_the_number_of_their_level(study, numbers):
    found = first_column(make_run("out", study, {name: [50.0] for name in numbers}))
    assert list(found.values()) == list(numbers.values())


@pytest.mark.parametrize(
    ("levels", "numbers"),
    [
        ("lr = [0.1, 0.00005]", [0.1, 5e-05]),
        ('dataset = ["digits", "imagefolder:/photos/2024"]', [inf, inf]),
    ],
)
def test_levels_of_training_are_sorted_too(levels, numbers):
    study = make_study(parse_study(f'name = "s"\naxes.{levels}'))
    run = run_of("out", study, {name: [50.0] for name in study.variants}, dataset="digits")
    assert list(first_column(run).values()) == numbers


def test_variants_of_several_axes_are_sorted_by_their_text():
    study = make_study(parse_study('name = "s"\naxes.kernel_size = [3, 7]\naxes.lr = [0.1, 0.2]'))
    run = run_of("out", study, {name: [50.0] for name in study.variants})
    assert set(first_column(run).values()) == {None}
