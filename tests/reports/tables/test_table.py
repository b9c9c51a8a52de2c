import pytest

from ablations.results.columns import DataColumn
from reports.tables.formats import to_csv, to_markdown
from reports.tables.table import Column, Group, Table


@pytest.fixture
def table():
    """Words and their lengths; the empty word has none."""
    lengths = Group("Counted", "letters")
    return Table(
        "Words",
        (
            Column("word", lambda word: word or None, numeric=False),
            Column("length", lambda word: str(len(word)) if word else None, lengths,
                   lambda word: len(word) or None),
            Column("half", lambda word: f"{len(word) / 2:.0f}", lengths, len, paper=False),
            Column("shout", str.upper, Group("Shouted"), numeric=False),
        ),
        (
            DataColumn("word", lambda word: word),
            DataColumn("third", lambda word: len(word) / 3 if word else None),
        ),
        ["a", "bcd", ""],
        lambda word: word == "bcd",
    )  # fmt: skip


def test_a_row_for_each_item(table):
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["a", "1", "0", "A"],
        ["bcd", "3", "2", "BCD"],
        ["–", "–", "0", ""],
    ]
    assert [row.baseline for row in table.rows] == [False, True, False]


def test_cells_are_sorted_by_numbers_where_the_column_has_them(table):
    sorts = [[cell.sort_by for cell in row.cells] for row in table.rows]
    assert sorts == [[None, 1.0, 1.0, None], [None, 3.0, 3.0, None], [None, "", 0.0, None]]


def test_neighbours_share_their_group(table):
    assert [(group and group.heading, span) for group, span in table.groups] == [
        (None, 1), ("Counted: letters", 2), ("Shouted", 1),
    ]  # fmt: skip
    assert [column.heading for column in table.for_paper().columns] == ["word", "length", "shout"]
    assert "| word | length, counted | half, counted | shout, shouted |" in to_markdown(table)


def test_csv_has_columns_of_another_list(table):
    assert to_csv(table) == f"word,third\na,{1 / 3}\nbcd,1.0\n,\n"
