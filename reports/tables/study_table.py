"""The ablation tables: one model of a table, rendered by whoever shows it."""

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import pandas as pd

from ablations.costs.conventions import ABLATION, ENVELOPE, FULL, Convention, printed
from ablations.study.study import Study
from involution_core.forms import LINEAR
from reports.names.level_names import heading, variant_texts

ABSENT = "–"


INTERVALS = (
    "± is half a 95 % interval (Student’s t), in brackets the number of seeds, or of seeds that "
    "finished with both"
)


@dataclass(frozen=True)
class Column:
    """key: of the data frame; group: what it was measured on; heading: with its unit;
    text: a row of the frame -> the cell, for rows that have the key;
    order: the key's value -> the number that the column is sorted by, None to sort by the text;
    paper: whether it has a place in a table as wide as a paper."""

    key: str
    group: str
    heading: str
    text: Callable[[Mapping[Hashable, Any]], str]
    numeric: bool = True
    order: Callable[[Any], float] | None = float
    paper: bool = True


@dataclass(frozen=True)
class Cell:
    """What a cell shows. sort_by: a number, "" where the value is missing, None: by the text."""

    text: str
    numeric: bool
    sort_by: float | str | None


@dataclass(frozen=True)
class TableRow:
    """One variant's cells; baseline: whether the others are held against it."""

    cells: list[Cell]
    baseline: bool


@dataclass(frozen=True)
class Table:
    """Columns over a frame with one row for each variant. The first column names the variant.

    note: what a reader of the bare table has to know, without a full stop; "" where nothing.
    """

    title: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    note: str = ""

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Group headings with the number of columns each spans."""
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return spans

    @property
    def rows(self) -> list[TableRow]:
        """The cells; a missing value is a dash."""
        return [
            TableRow([_cell(column, record) for column in self.columns], record["baseline"])
            for record in self.frame.to_dict("records")
        ]

    def for_paper(self) -> "Table":
        """The columns that fit the width of a paper."""
        return replace(self, columns=tuple(column for column in self.columns if column.paper))

    def text(self, value: str, key: str) -> str:
        """What the table shows of a variant in the column of that key."""
        column = next(column for column in self.columns if column.key == key)
        records = self.frame.to_dict("records")
        return _cell(column, next(r for r in records if r["value"] == value)).text


def _cell(column: Column, record: Mapping[Hashable, Any]) -> Cell:
    value = record[column.key]
    missing = pd.isna(value)
    sort_by = None if column.order is None else "" if missing else column.order(value)
    return Cell(ABSENT if missing else column.text(record), column.numeric, sort_by)


def _value_order(value: str) -> float:
    """The number in a variant's value; W, which has none, before and C, attention behind all."""
    number = re.search(r"\d+(\.\d+)?(e-?\d+)?$", value)
    return float(number[0]) if number else 0.0 if value == LINEAR else inf


def show(key: str, write: Callable[[Any], str]) -> Callable[[Mapping[Hashable, Any]], str]:
    """The text of a column that writes one value."""
    return lambda record: write(record[key])


def millions(count: float) -> str:
    """Parameters in M, as the paper prints them; small networks with more decimals."""
    return printed(int(count), 10**6, 1 if count >= 10**6 else 4)


def giga_macs(count: float) -> str:
    """Multiply-accumulates in G, as the full count prints them; more decimals for small ones."""
    return FULL.printed(int(count)) if count >= 10**8 else printed(int(count), 10**9, 5)


def signed(value: float) -> str:
    """Points with one decimal and a sign; the minus is a minus, and nothing is minus zero."""
    return f"{round(value, 1) + 0.0:+.1f}".replace("-", "−")


def mean_text(record: Mapping[Hashable, Any], run: str = "") -> str:
    """Mean Top-1 with half its 95 % interval and the number of seeds: 62.8 ± 8.9 (3).

    The record's top1_mean, top1_high and seeds, with `run` behind their names."""
    mean, high = record[f"top1_mean{run}"], record[f"top1_high{run}"]
    half = "" if pd.isna(high) else f" ± {high - mean:.1f}"
    return f"{mean:.1f}{half} ({int(record[f'seeds{run}'])})"


def difference_text(record: Mapping[Hashable, Any]) -> str:
    """Mean paired difference with half its 95 % interval and the number of pairs."""
    mean, high = record["difference"], record["difference_high"]
    half = "" if pd.isna(high) else f" ± {high - mean:.1f}"
    return f"{signed(mean)}{half} ({int(record['pairs'])})"


def whole(value: float) -> str:
    """To the nearest integer."""
    return f"{value:.0f}"


def rate_text(record: Mapping[Hashable, Any]) -> str:
    """The median, to the two digits that a shared machine allows."""
    two_digits = float(f"{record['train_rate']:.1e}")
    return whole(two_digits)


def _verified_text(record: Mapping[Hashable, Any]) -> str:
    """yes: against the closed form; a user's own code has none."""
    if not record["verified"]:
        return "NO"
    return "yes" if record["proof"] == "closed form" else "by two counters"


def study_table(
    study: Study,
    frame: pd.DataFrame,
    title: str,
    counted_on: str,
    measured_on: str | None,
    published: Convention | None,
) -> Table:
    """The paper's table with what was counted and measured beside it.

    frame: of `frames.study_frame`. counted_on, measured_on: headings; None where nothing was
    trained. published: the convention of the figures that stand beside the counts, if there are.
    """
    texts = variant_texts(study)
    counted = f"Counted: {counted_on}"
    order = _value_order if len(study.axes) == 1 else None
    columns = [
        Column(
            "value",
            "",
            heading(study),
            show("value", texts.__getitem__),
            numeric=False,
            order=order,
        ),
        Column("params", counted, "#Params (M)", show("params", millions)),
        _flops_column(published or ABLATION, counted),
        Column("macs", counted, "MACs (G), full count", show("macs", giga_macs)),
    ]
    if published is not None:
        columns += _published_columns(published)
    if measured_on is not None:
        columns += _measured_columns(f"Measured: {measured_on}", texts[study.baseline])
    columns.append(
        Column(
            "verified",
            "",
            "verified",
            _verified_text,
            numeric=False,
            order=None,
            paper=False,
        )
    )
    return Table(title, tuple(columns), frame, "" if measured_on is None else INTERVALS)


_CONVENTION_NAMES = {ABLATION.name: "paper’s convention", ENVELOPE.name: "figures’ convention"}
_PUBLISHED = {
    ABLATION.name: "Published: RedNet-50, ImageNet, 224×224",
    ENVELOPE.name: "Published, read off figures: ImageNet, 224×224",
}


def _flops_column(convention: Convention, counted: str) -> Column:
    key = f"flops_{convention.name}_convention"
    text = show(key, lambda count: convention.printed(int(count)))
    name = _CONVENTION_NAMES[convention.name]
    return Column(key, counted, f"FLOPs (G), {name}", text, paper=False)


def _published_columns(convention: Convention) -> list[Column]:
    group = _PUBLISHED[convention.name]
    flops = f"FLOPs (G), {_CONVENTION_NAMES[convention.name]}"
    return [
        Column(
            "published_params_m", group, "#Params (M)", show("published_params_m", str), paper=False
        ),
        Column("published_flops_g", group, flops, show("published_flops_g", str), paper=False),
        Column("published_top1_percent", group, "Top-1 (%)", show("published_top1_percent", str)),
    ]


def _measured_columns(measured: str, baseline: str) -> list[Column]:
    return [
        Column(
            "trained_params", measured, "#Params (M)", show("trained_params", millions), paper=False
        ),
        Column("trained_macs", measured, "MACs (G)", show("trained_macs", giga_macs), paper=False),
        Column("top1_mean", measured, "Top-1 (%), mean ± 95 % (seeds)", mean_text),
        Column(
            "difference", measured, f"Top-1 − {baseline} (points), ± 95 % (pairs)", difference_text
        ),
        Column("train_rate", measured, "training (images/s)", rate_text, paper=False),
        Column("peak_mib", measured, "peak memory (MiB)", show("peak_mib", whole), paper=False),
    ]
