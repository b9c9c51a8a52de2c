from io import StringIO

import pandas as pd
import pytest
from crossed import HEADINGS, SHIFTS, TWO, crossing, found, label, tables, texts, tops_of
from typesetting import typeset

from reports.tables.axis_tables import interaction_table, marginal_tables
from reports.tables.formats import all_formats


def test_tables_by_hand():
    design = crossing(size=["7", "3"], form=["r=4", "W"])
    tops = {
        "7, r=4": {0: 60.0, 1: 50.0, 2: 55.0},
        "7, W": {0: 62.0, 1: 52.0, 2: 57.0},
        "3, r=4": {0: 61.0, 1: 53.0, 2: 57.0},
        "3, W": {0: 64.0, 1: 58.0, 2: 61.0, 3: 99.0},
    }
    sizes, forms, together = tables(design, tops)
    assert sizes.title == "Kernel Size, averaged over Function Form"
    assert forms.title == "Function Form, averaged over Kernel Size"
    assert [column.heading for column in sizes.columns] == [
        "Kernel Size",
        "cells",
        "Top-1 (%), mean ± 95 % (seeds)",
        "Top-1 − 7 × 7 (points), ± 95 % (pairs)",
        "adjusted p",
        "in words",
    ]
    # By seed 7: 61, 51, 56; 3: 62.5, 55.5, 59; their difference: 1.5, 4.5, 3.
    assert texts(sizes) == [
        ["7 × 7", "2", "56.0 ± 12.4 (3)", "–", "–", "–"],
        ["3 × 3", "2", "59.0 ± 8.7 (3)", "+3.0 ± 3.7 (3)", "0.25", "too few seeds"],
    ]
    assert [row.baseline for row in sizes.rows] == [True, False]
    assert [row.cells[0].sort_by for row in sizes.rows] == [0, 1]
    assert texts(forms)[1][0] == "W" and texts(forms)[1][3] == "+3.0 ± 1.2 (3)"
    # 1, 3, 2.
    assert texts(together) == [["3 × 3 with W", "+2.0 ± 2.5 (3)", "0.25", "too few seeds"]]
    assert together.columns[0].heading == "Kernel Size with Function Form"
    assert together.note.endswith("The baseline is 7 × 7 and W₁σ(W₀), r = 4")


def test_what_was_found_has_words_of_its_own():
    sizes, forms, together = tables(TWO, tops_of(TWO, SHIFTS))
    assert [row[-1] for row in texts(sizes)] == ["–", "worse", "inconclusive"]
    assert [row[-1] for row in texts(forms)] == ["–", "better"]
    assert [row[-1] for row in texts(together)] == ["more than the sum", "inconclusive"]
    less = tops_of(TWO, SHIFTS | {"3, W": -6.0})
    assert texts(tables(TWO, less)[-1])[0][-1] == "less than the sum"


def test_the_csv_is_unrounded_and_whole():
    tops = tops_of(TWO, SHIFTS)
    by_axis, together = found(TWO, tops)
    sizes, _, both = (pd.read_csv(StringIO(all_formats(t)["csv"])) for t in tables(TWO, tops))
    assert sizes["axis"].tolist() == ["size"] * 3 and sizes["level"].tolist() == [7, 3, 9]
    assert sizes["baseline"].tolist() == [True, False, False]
    assert sizes["cells"].tolist() == [2, 2, 2] and sizes["seeds"].tolist() == [8, 8, 8]
    three = by_axis[1]
    assert sizes["top1_mean"][1] == three.top1.mean
    assert (sizes["top1_low"][1], sizes["top1_high"][1]) == three.top1.interval
    assert sizes["difference"][1] == three.contrast.difference.mean and sizes["pairs"][1] == 8
    assert sizes["adjusted_p"][1] == three.contrast.adjusted_p
    assert both["levels"][0] == "size=3, form=W"
    row = both.iloc[0]
    assert (row["axis_1"], row["level_1"], row["baseline_1"]) == ("size", 3, 7)
    assert (row["axis_2"], row["level_2"], row["baseline_2"]) == ("form", "W", "r=4")
    contrast = together[0].contrast
    assert (row["difference"], row["p"]) == (contrast.difference.mean, contrast.p)
    assert (row["difference_low"], row["difference_high"]) == contrast.difference.interval
    assert both["verdict"].tolist() == ["more than the sum", "inconclusive"]


def test_with_three_axes_the_cells_have_levels_of_two():
    design = crossing(size=["7", "3"], form=["r=4", "W"], groups=["16", "4"])
    sizes, _, groups, together = tables(design, tops_of(design, {}))
    assert sizes.title == "Kernel Size, averaged over Function Form and #Group Channel"
    assert groups.title == "#Group Channel, averaged over Kernel Size and Function Form"
    assert together.columns[0].heading == "levels"
    assert [row[0] for row in texts(together)] == [
        "3 × 3 with W",
        "3 × 3 with 4",
        "W with 4",
    ]
    assert together.note.endswith("The baseline is 7 × 7, W₁σ(W₀), r = 4 and 16")


def test_cells_that_no_seed_finished_are_dashes():
    tops = tops_of(TWO, SHIFTS) | {"3, W": {0: None}}
    sizes, _, together = tables(TWO, tops)
    assert texts(sizes)[1] == ["3 × 3", "2", "–", "–", "–", "too few seeds"]
    assert texts(together)[0] == ["3 × 3 with W", "–", "–", "too few seeds"]


def test_no_interactions_make_an_empty_table():
    table = interaction_table([], label, HEADINGS.get, "RedNet-small, digits")
    assert table.rows == [] and all_formats(table)["csv"].startswith("levels,baseline,axis_1,")
    assert marginal_tables([], label, HEADINGS.get, "RedNet-small, digits") == {}


@pytest.mark.parametrize(
    "levels",
    [
        {"size": ["7", "3"], "form": ["r=4", "W"]},
        {"size": ["7", "3"], "form": ["r=16", "r=4"], "groups": ["16", "4"]},
    ],
)
def test_latex_fits_an_article(levels, tmp_path):
    design = crossing(**levels)
    shifts = {name: 5.0 for name, cell in design.levels.items() if cell[:2] == ("3", "W")}
    for table in tables(design, tops_of(design, shifts)):
        assert "Overfull" not in typeset(all_formats(table)["tex"], tmp_path), table.title
