"""The model of a table, independent of its format. No torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic

from ablations.results.columns import DataColumn, Item

ABSENT = "–"
"""What a cell shows where there is nothing."""


@dataclass(frozen=True)
class Group:
    """What neighbouring columns have in common. kind: "Counted"; details: on what."""

    kind: str
    details: str = ""

    @property
    def heading(self) -> str:
        return f"{self.kind}: {self.details}" if self.details else self.kind


@dataclass(frozen=True)
class Column(Generic[Item]):
    """One column of the table that people read.

    Attributes:
        heading: With its unit.
        text: What a row shows; None where it has nothing.
        group: None where the column stands alone.
        number: What a row is sorted by, None where it has nothing; without it the text is.
        numeric: Whether the texts are numbers.
        paper: Whether it has a place in a table as wide as a paper.
    """

    heading: str
    text: Callable[[Item], str | None]
    group: Group | None = None
    number: Callable[[Item], float | None] | None = None
    numeric: bool = True
    paper: bool = True


@dataclass(frozen=True)
class Cell:
    """What a cell shows. sort_by: a number, "" where there is none, None: by the text."""

    text: str
    numeric: bool
    sort_by: float | str | None


@dataclass(frozen=True)
class TableRow:
    """The cells of an item; baseline: whether the others are held against it."""

    cells: list[Cell]
    baseline: bool


@dataclass(frozen=True)
class Table(Generic[Item]):
    """A row for each item. The first column names it.

    Attributes:
        title: Above the table.
        columns: Those that people read.
        csv: Those that programs read.
        items: In the order of the rows.
        is_baseline: Whether the others are held against an item.
        note: What a reader of the bare table has to know, without a full stop; "" where nothing.
    """

    title: str
    columns: tuple[Column[Item], ...]
    csv: tuple[DataColumn[Item], ...]
    items: Sequence[Item]
    is_baseline: Callable[[Item], bool]
    note: str = ""

    @property
    def groups(self) -> list[tuple[Group | None, int]]:
        """The groups with the number of columns each spans."""
        spans: list[tuple[Group | None, int]] = []
        for column in self.columns:
            if spans and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return spans

    @property
    def rows(self) -> list[TableRow]:
        """The cells of every item."""
        return [
            TableRow([_cell(column, item) for column in self.columns], self.is_baseline(item))
            for item in self.items
        ]

    def for_paper(self) -> "Table[Item]":
        """The columns that fit the width of a paper."""
        return replace(self, columns=tuple(column for column in self.columns if column.paper))


def _cell(column: Column[Item], item: Item) -> Cell:
    text, number = column.text(item), column.number
    sort_by: float | str | None = None
    if number is not None:
        found = number(item)
        sort_by = "" if found is None else float(found)
    return Cell(ABSENT if text is None else text, column.numeric, sort_by)
