from io import StringIO
from itertools import product

import pandas as pd
import pytest
from typesetting import typeset

from ablations.statistics.factorial import Factors, interactions, marginals
from reports.names.level_names import level_text
from reports.tables.axis_tables import factorial_words, interaction_table, marginal_tables
from reports.tables.formats import all_formats

HEADINGS = {"size": "Kernel Size", "form": "Function Form", "groups": "#Group Channel"}
SEEDS = 8
JITTER = [0.0, 0.3, -0.2, 0.1, -0.3, 0.2, -0.1, 0.4]


def label(axis, level):
    axes = {"size": "kernel_size", "form": "generator", "groups": "group_channels"}
    return level_text(axes[axis], level)


def crossing(**levels):
    """A full crossing of these axes; the first level of each is the baseline's."""
    cells = {", ".join(cell): cell for cell in product(*levels.values())}
    return Factors(tuple(levels), cells, next(iter(cells.values())))


def found(factors, tops):
    return marginals(factors, tops), interactions(factors, tops)


def tops_of(factors, shifts, seeds=SEEDS):
    """Each cell, by its place, spreads in another way around 60 points and its shift."""
    return {
        value: {
            seed: 60.0 + seed + shifts.get(value, 0.0) + JITTER[(seed * (place + 1)) % 8]
            for seed in range(seeds)
        }
        for place, value in enumerate(factors.levels)
    }


TWO = crossing(size=["7", "3", "9"], form=["r=4", "W"])
SHIFTS = {"3, r=4": -5.0, "3, W": -2.0, "7, W": 1.0, "9, W": 1.0}
"""3 costs 5 points and W brings 1; both together lose 2 instead of 4."""


def tables(factors, tops):
    by_axis, together = found(factors, tops)
    by_axis = marginal_tables(by_axis, label, HEADINGS.get, "RedNet-small, digits")
    return [*by_axis, interaction_table(together, label, HEADINGS.get, "RedNet-small, digits")]


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def words(factors, tops):
    return factorial_words(*found(factors, tops), label, HEADINGS.get)


# Tables


def test_tables_by_hand():
    factors = crossing(size=["7", "3"], form=["r=4", "W"])
    tops = {
        "7, r=4": {0: 60.0, 1: 50.0, 2: 55.0},
        "7, W": {0: 62.0, 1: 52.0, 2: 57.0},
        "3, r=4": {0: 61.0, 1: 53.0, 2: 57.0},
        "3, W": {0: 64.0, 1: 58.0, 2: 61.0, 3: 99.0},
    }
    sizes, forms, together = tables(factors, tops)
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
    assert [row[-1] for row in texts(sizes)] == ["–", "worse", "cannot tell"]
    assert [row[-1] for row in texts(forms)] == ["–", "better"]
    assert [row[-1] for row in texts(together)] == ["more than the sum", "cannot tell"]
    less = tops_of(TWO, SHIFTS | {"3, W": -6.0})
    assert texts(tables(TWO, less)[-1])[0][-1] == "less than the sum"


def test_the_csv_is_unrounded_and_whole():
    tops = tops_of(TWO, SHIFTS)
    by_axis, together = found(TWO, tops)
    sizes, _, both = (pd.read_csv(StringIO(all_formats(t)["csv"])) for t in tables(TWO, tops))
    assert sizes["axis"].tolist() == ["size"] * 3 and sizes["value"].tolist() == [7, 3, 9]
    assert sizes["baseline"].tolist() == [True, False, False]
    assert sizes["cells"].tolist() == [2, 2, 2] and sizes["seeds"].tolist() == [8, 8, 8]
    three = by_axis[1]
    assert sizes["top1_mean"][1] == three.mean
    assert (sizes["top1_low"][1], sizes["top1_high"][1]) == three.interval
    assert sizes["difference"][1] == three.contrast.mean and sizes["pairs"][1] == 8
    assert sizes["adjusted_p"][1] == three.contrast.adjusted_p
    assert both["value"][0] == "size=3, form=W"
    row = both.iloc[0]
    assert (row["axis_1"], row["level_1"], row["baseline_1"]) == ("size", 3, 7)
    assert (row["axis_2"], row["level_2"], row["baseline_2"]) == ("form", "W", "r=4")
    contrast = together[0].contrast
    assert (row["difference"], row["p"]) == (contrast.mean, contrast.p)
    assert (row["difference_low"], row["difference_high"]) == contrast.t_interval
    assert (row["difference_bca_low"], row["difference_bca_high"]) == contrast.bca_interval
    assert both["verdict"].tolist() == ["more than the sum", "cannot tell"]


def test_with_three_axes_the_cells_have_levels_of_two():
    factors = crossing(size=["7", "3"], form=["r=4", "W"], groups=["16", "4"])
    sizes, _, groups, together = tables(factors, tops_of(factors, {}))
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
    assert table.rows == [] and all_formats(table)["csv"].startswith("value,baseline,axis_1,")
    assert marginal_tables([], label, HEADINGS.get, "RedNet-small, digits") == []


@pytest.mark.parametrize(
    "levels",
    [
        {"size": ["7", "3"], "form": ["r=4", "W"]},
        {"size": ["7", "3"], "form": ["r=16", "r=4"], "groups": ["16", "4"]},
    ],
)
def test_latex_fits_an_article(levels, tmp_path):
    factors = crossing(**levels)
    shifts = {value: 5.0 for value, cell in factors.levels.items() if cell[:2] == ("3", "W")}
    for table in tables(factors, tops_of(factors, shifts)):
        assert "Overfull" not in typeset(all_formats(table)["tex"], tmp_path), table.title


# Sentences


def test_what_was_found_is_said_with_its_figures():
    tops = tops_of(TWO, SHIFTS)
    sizes, forms, together = words(TWO, tops)
    cells = {row[0]: row for table in tables(TWO, tops)[:2] for row in texts(table)}
    three = cells["3 × 3"][3].removesuffix(" (8)")
    assert sizes == (
        "Kernel Size, averaged over Function Form, against 7 × 7, in Top-1: 3 × 3 differs by "
        f"{three} points over 8 seeds: worse (adjusted p = 0.016); 9 × 9: cannot tell with 8 "
        "seeds, the interval includes zero."
    )
    form = cells["W"][3].removesuffix(" (8)")
    assert forms == (
        "Function Form, averaged over Kernel Size, against W₁σ(W₀), r = 4, in Top-1: W differs by "
        f"{form} points over 8 seeds: better (p = 0.0078)."
    )
    both = texts(tables(TWO, tops)[2])[0][1].removesuffix(" (8)")
    assert together == (
        f"Interactions, against 7 × 7 and W₁σ(W₀), r = 4: 3 × 3 with W differs from the sum by "
        f"{both} points over 8 seeds: more than the sum (adjusted p = 0.016); of 1 other pair of "
        "levels it cannot be told. Where axes interact, an average over one does not hold at each "
        "of its levels."
    )
    *_, less = words(TWO, tops_of(TWO, SHIFTS | {"3, W": -6.0, "9, W": 4.0}))
    assert "3 × 3 with W differs from the sum by −" in less and ": less than the sum (" in less
    assert "; 9 × 9 with W differs from the sum by +" in less and "other pair" not in less


def test_three_seeds_say_how_many_are_needed():
    sizes, forms, together = words(TWO, tops_of(TWO, SHIFTS, seeds=3))
    assert sizes.endswith("3 × 3 and 9 × 9: cannot tell with 3 seeds, needs at least 7.")
    assert forms.endswith("in Top-1: W: cannot tell with 3 seeds, needs at least 6.")
    assert together == (
        "Whether the effects of Kernel Size and Function Form add up: cannot tell with 3 seeds, "
        "needs at least 7."
    )


def test_what_was_not_found_is_not_said_to_be_absent():
    *_, together = words(TWO, tops_of(TWO, {"3, r=4": -5.0, "3, W": -5.0}))
    assert together == (
        "No interaction of Kernel Size and Function Form could be told. That does not mean that "
        "their effects add up."
    )


def test_where_no_seed_finished_nothing_can_be_said():
    sizes, _, together = words(TWO, tops_of(TWO, {}) | {"7, r=4": {}})
    assert sizes.endswith("3 × 3 and 9 × 9: cannot tell, no seed finished with both.")
    assert together == (
        "No seed finished the cells of any interaction of Kernel Size and Function Form; nothing "
        "can be said."
    )
    assert factorial_words([], [], label, HEADINGS.get) == []
