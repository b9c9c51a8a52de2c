"""Accuracy against what the trained networks cost, and the Pareto front."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablations.statistics.pareto import pareto_front
from reports.figures.drawing import (
    WIDE,
    Labels,
    Series,
    accuracy_axis,
    draw_mean,
    full_names,
    legend_columns,
    lines_of,
    mean_words,
)
from reports.figures.svg import COLOURS, Marks, draw_svg


@dataclass(frozen=True)
class Panel:
    """A cost that accuracy is drawn against. key: of the frame; unit: of the axis, in its own."""

    key: str
    unit: float
    heading: str


_PANELS = (
    Panel("trained_macs", 1e6, "MACs (M), one image"),
    Panel("trained_params", 1e3, "#Params (k)"),
    Panel("image_ms", 1, "inference (ms), one image"),
)


def envelope_figure(name: str, series: Series, measured: pd.DataFrame) -> Markup:
    """Mean Top-1 with its 95 % interval against what the trained network costs: MACs, parameters
    and, where it was timed, the time of one image; a line joins those that no other variant beats
    in both, and where there are several series, a thin one each series.

    measured: of `frames.measured_frame` joined with `frames.timing_frame`, finished variants only.
    """
    measured = _with_times(measured)
    panels = [panel for panel in _PANELS if measured[panel.key].notna().any()]

    named = {value: name for labels in full_names(series) for value, name in labels.items()}

    def draw(figure: Figure, marks: Marks) -> None:
        row = figure.subplots(1, len(panels), sharey=True)
        placed = [
            _panel(axes, marks, panel, series, named, measured)
            for axes, panel in zip(row, panels, strict=True)
        ]
        accuracy_axis(*row)
        for axes, points in zip(row, placed, strict=True):
            _label_points(axes, marks, points)
        if len(series) > 1:
            for (colour, marker, _), title in zip(lines_of(len(series)), series, strict=True):
                row[0].plot([], [], marker, color=COLOURS[colour], label=title)
            columns = legend_columns(series, WIDE)
            figure.legend(loc="outside upper right", ncols=columns, frameon=False, handlelength=1)

    described = "; ".join(
        f"{named[row['value']]}: "
        + ", ".join(
            f"{row[panel.key] / panel.unit:.4g} {panel.heading}"
            for panel in panels
            if not pd.isna(row[panel.key])
        )
        + f", {mean_words(row)}"
        for _, row in measured.iterrows()
    )
    title = "Top-1 against what the trained network costs: " + ", ".join(p.heading for p in panels)
    return draw_svg(f"{name}-envelope", title, described, draw, size=WIDE)


def _with_times(measured: pd.DataFrame) -> pd.DataFrame:
    """With image_ms, and its quartiles as far as they are from it."""
    times = {
        name: 1000 / measured[rate].astype(float)
        for name, rate in [
            ("image_ms", "inference_rate"),
            ("slow", "inference_rate_low"),
            ("fast", "inference_rate_high"),
        ]
    }
    return measured.assign(
        image_ms=times["image_ms"],
        image_ms_below=times["image_ms"] - times["fast"],
        image_ms_above=times["slow"] - times["image_ms"],
    )


def _panel(
    axes: Axes,
    marks: Marks,
    panel: Panel,
    series: Series,
    named: Labels,
    measured: pd.DataFrame,
) -> list[tuple[float, float, str]]:
    """Draws every series and the front; where each variant lies, and its label."""
    measured = measured.dropna(subset=panel.key)
    placed = []
    for line, labels in zip(lines_of(len(series)), series.values(), strict=True):
        found = measured[measured["value"].isin(labels)]
        points = _points(axes, marks, panel, line, named, found)
        placed += [(x, y, labels[value]) for x, y, value in points]
        if len(series) > 1:
            _join(axes, line, points)
    _front(axes, panel, measured)
    axes.set_xlabel(panel.heading)
    axes.margins(x=0.15 if len(series) > 1 else 0.25)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    return placed


def _points(
    axes: Axes,
    marks: Marks,
    panel: Panel,
    line: tuple[str, str, str],
    named: Labels,
    found: pd.DataFrame,
) -> list[tuple[float, float, str]]:
    """Draws the variants of a series; where each lies, and which it is."""
    colour, marker, _ = line
    placed = []
    for _, row in found.iterrows():
        x = row[panel.key] / panel.unit
        if panel.key == "image_ms":
            reach = [[row["image_ms_below"]], [row["image_ms_above"]]]
            axes.errorbar(
                x, row["top1_mean"], xerr=reach, fmt="none", ecolor=COLOURS[colour], elinewidth=1
            )
        words = f"{named[row['value']]}, {x:.4g} {panel.heading}"
        draw_mean(axes, marks, x, row, words, marker, colour)
        placed.append((x, float(row["top1_mean"]), row["value"]))
    return placed


def _join(
    axes: Axes, line: tuple[str, str, str], points: Sequence[tuple[float, float, str]]
) -> None:
    colour, _, dash = line
    along = sorted(points)
    x, y = [point[0] for point in along], [point[1] for point in along]
    axes.plot(x, y, dash, color=COLOURS[colour], linewidth=0.8, zorder=1.5)


def _front(axes: Axes, panel: Panel, measured: pd.DataFrame) -> None:
    costs = (measured[panel.key] / panel.unit).tolist()
    front = pareto_front(list(zip(costs, measured["top1_mean"], strict=True)))
    best = measured["top1_mean"].iloc[front].tolist()
    axes.plot([costs[i] for i in front], best, color=COLOURS["orange"], linewidth=2, zorder=1)


def _label_points(axes: Axes, marks: Marks, points: Sequence[tuple[float, float, str]]) -> None:
    """Labels right of and above their points, moved up where they would overlap."""
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    line, reach = 0.09 * (high - low), 0.22 * (right - left)
    placed: list[tuple[float, float]] = []
    for x, y, text in sorted(points, key=lambda point: point[1]):
        at = y
        while any(abs(at - b) < line and abs(x - a) < reach for a, b in placed):
            at += line / 4
        placed.append((x, at))
        marks.label(axes.annotate(text, (x, at), (4, 4), textcoords="offset points", va="bottom"))
