"""The ablation tables: one model of a table, rendered by whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ablations.conventions import ABLATION, FULL, printed
from involution_core.forms import ATTENTION, LINEAR

ABSENT = "–"


def _form(value: str) -> str:
    if value == ATTENTION:
        return "attention (softmax)"
    return value if value == LINEAR else f"W₁σ(W₀), {value.replace('=', ' = ')}"


AXES: dict[str, tuple[str, Callable[[str], str]]] = {
    "kernel-size": ("Kernel Size", lambda value: f"{value} × {value}"),
    "group-channels": ("#Group Channel", str),
    "kernel-generator": ("Function Form", _form),
}
"""Study -> the paper's heading of its first column, and how the paper writes a value."""


@dataclass(frozen=True)
class Column:
    """key: in the data frame; group: what the column was measured on; show: value -> text."""

    key: str
    group: str
    heading: str
    show: Callable[[Any], str]
    numeric: bool = True


@dataclass(frozen=True)
class Table:
    """Columns over a frame with one row for each variant."""

    columns: tuple[Column, ...]
    frame: pd.DataFrame

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
    def rows(self) -> list[list[str]]:
        """The cells as text; a missing value is a dash."""
        return [
            [
                ABSENT if pd.isna(record[column.key]) else column.show(record[column.key])
                for column in self.columns
            ]
            for record in self.frame.to_dict("records")
        ]


def millions(count: float) -> str:
    """Parameters in M, as the paper prints them; small networks with more decimals."""
    return printed(int(count), 10**6, 1 if count >= 10**6 else 4)


def giga_macs(count: float) -> str:
    """Multiply-accumulates in G, as the full count prints them; more decimals for small ones."""
    return FULL.printed(int(count)) if count >= 10**8 else printed(int(count), 10**9, 5)


def _percent(value: float) -> str:
    return f"{value:.1f}"


def _whole(value: float) -> str:
    return str(int(value))


def study_table(
    name: str, frame: pd.DataFrame, counted_on: str, measured_on: str | None, compare: bool
) -> Table:
    """The paper's table with what was counted and measured beside it.

    frame: of `frames.study_frame`. counted_on, measured_on: headings; None where nothing was
    trained. compare: whether the costs are those of the paper's network.
    """
    axis, show_value = AXES[name]
    counted = f"Counted: {counted_on}"
    paper = "Published: RedNet-50, ImageNet, 224×224"
    columns = [
        Column("value", "", axis, show_value, numeric=False),
        Column("params", counted, "#Params (M)", millions),
        Column(
            "flops_ablation_convention",
            counted,
            "FLOPs (G), paper’s convention",
            lambda count: ABLATION.printed(int(count)),
        ),
        Column("macs", counted, "MACs (G), full count", giga_macs),
    ]
    if compare:
        columns += [
            Column("published_params_m", paper, "#Params (M)", str),
            Column("published_flops_g", paper, "FLOPs (G), paper’s convention", str),
            Column("published_top1_percent", paper, "Top-1 Acc. (%)", str),
        ]
    if measured_on is not None:
        measured = f"Measured: {measured_on}"
        columns += [
            Column("trained_params", measured, "#Params (M)", millions),
            Column("trained_macs", measured, "MACs (G)", giga_macs),
            Column("top1_mean", measured, "Top-1 (%), mean", _percent),
            Column("top1_sd", measured, "SD over seeds", lambda sd: f"±{sd:.1f}"),
            Column("seeds", measured, "seeds", _whole),
        ]
    columns.append(
        Column(
            "verified", "", "closed form = fvcore", lambda ok: "yes" if ok else "NO", numeric=False
        )
    )
    return Table(tuple(columns), frame)
