"""What was measured and counted of each variant, drawn: data frames in, inline SVG out."""

import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablations.costs.formulas import MAC_TERMS
from reports.figures.drawing import (
    SINGLE,
    WIDE,
    Labels,
    Series,
    accuracy_axis,
    draw_mean,
    full_names,
    is_crowded,
    is_slanted,
    legend_columns,
    lines_of,
    mean_words,
    wrapped,
)
from reports.figures.svg import COLOURS, Marks, draw_svg

TERM_COLOURS = {
    "rest": "rest",
    "reduce": "sky",
    "span": "blue",
    "to_query": "green",
    "to_key": "yellow",
    "to_value": "purple",
    "query_key": "vermillion",
    "convolution": "ink",
    "aggregation": "orange",
}


def accuracy_figure(name: str, labels: Labels, axis: str, trials: pd.DataFrame) -> Markup:
    """Top-1 of every seed as a dot; beside the dots the mean with its 95 % interval.

    trials: of `frames.accuracy_frame` joined with the means of `frames.measured_frame`.
    """
    names, wide = wrapped(labels), is_crowded(labels)

    def draw(figure: Figure, marks: Marks) -> None:
        axes = figure.add_subplot()
        for x, (value, label) in enumerate(labels.items()):
            rows = trials[trials["value"] == value].dropna(subset="top1")
            spread = [
                x + 0.16 * (i - (len(rows) - 1) / 2) / max(1, len(rows)) for i in range(len(rows))
            ]
            for at, seed, top1 in zip(spread, rows["seed"], rows["top1"], strict=True):
                (dot,) = axes.plot(
                    at,
                    top1,
                    "o",
                    color=COLOURS["blue"],
                    alpha=0.55,
                    markersize=5,
                    markeredgewidth=0,
                )
                marks.add(dot, f"{label}, seed {seed}: {top1:.1f} %")
            if len(rows):
                draw_mean(axes, marks, x + 0.22, rows.iloc[0], label, "_")
        axes.set_xticks(range(len(labels)), names)
        if is_slanted(labels):
            axes.tick_params("x", rotation=30)
            for text in axes.get_xticklabels():
                text.set_horizontalalignment("right")
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.set_xlabel(axis)
        accuracy_axis(axes)

    described = "; ".join(
        f"{label} {mean_words(rows.iloc[0])}"
        for value, label in labels.items()
        if len(rows := trials[trials["value"] == value].dropna(subset="top1"))
    )
    title = "Top-1 of each variant, one dot a seed"
    return draw_svg(f"{name}-accuracy", title, described, draw, WIDE if wide else SINGLE)


def cost_figure(name: str, labels: Labels, axis: str, costs: pd.DataFrame) -> Markup:
    """Multiply-accumulates of every variant, stacked by the terms that one of them has.

    costs: of `frames.cost_frame`.
    """
    terms = ("rest", *(term for term in MAC_TERMS if costs[term].any()))

    def draw(figure: Figure, marks: Marks) -> None:
        axes = figure.add_subplot()
        left = pd.Series(0.0, index=costs.index)
        for term in terms:
            width = costs[term] / 1e9
            bars = axes.barh(
                range(len(labels)), width, left=left, label=term.replace("_", " "),
                color=COLOURS[TERM_COLOURS[term]], height=0.6,
            )  # fmt: skip
            for bar, label, giga in zip(bars, labels.values(), width, strict=True):
                marks.add(bar, f"{label}, {term.replace('_', ' ')}: {giga:.3f} G")
            left += width
        axes.set_yticks(range(len(labels)), list(labels.values()))
        axes.invert_yaxis()
        axes.set_ylabel(axis)
        axes.set_xlabel("MACs (G), one image")
        figure.legend(loc="outside upper right", ncols=4, frameon=False, handlelength=1)

    described = "; ".join(
        f"{labels[row['value']]}: "
        + ", ".join(f"{term.replace('_', ' ')} {row[term] / 1e9:.3f} G" for term in terms)
        for _, row in costs.iterrows()
    )
    title = "Multiply-accumulates of each variant by term"
    height = max(SINGLE[1], 0.22 * len(labels) + 1)
    return draw_svg(f"{name}-cost", title, described, draw, (SINGLE[0], height))


def curves_figure(name: str, series: Series, curves: pd.DataFrame) -> Markup:
    """Mean Top-1 over the steps of training, in a band from the lowest to the highest seed; a panel
    for each series.

    curves: of `frames.curve_frame`.
    """
    trained = set(curves["value"])
    present = {
        title: {value: label for value, label in labels.items() if value in trained}
        for title, labels in series.items()
    }
    labels = dict.fromkeys(label for found in series.values() for label in found.values())
    lines = dict(zip(labels, lines_of(len(labels)), strict=True))

    size = SINGLE if len(present) == 1 else WIDE

    def draw(figure: Figure, marks: Marks) -> None:
        row = figure.subplots(1, len(present), sharey=True, squeeze=False)[0]
        for axes, (title, found) in zip(row, present.items(), strict=True):
            for value, label in found.items():
                points = curves[curves["value"] == value]
                _curve(axes, marks, lines[label], f"{title}, {label}" if title else label, points)
            axes.set_title(title, fontsize="medium")
            axes.set_xlabel("steps of training")
            axes.xaxis.set_major_locator(MaxNLocator(4))
        accuracy_axis(*row)
        shown = {label for found in present.values() for label in found.values()}
        for label, (colour, marker, dash) in lines.items():
            if label in shown:
                row[0].plot([], [], dash, marker=marker, color=COLOURS[colour], label=label)
        columns = legend_columns(labels, size)
        figure.legend(loc="outside upper right", ncols=columns, frameon=False, handlelength=2.5)

    last = curves.sort_values("steps").groupby(["value", "seed"])["top1"].last()
    ends = last.groupby("value").mean()
    described = "Mean Top-1 at the end: " + "; ".join(
        f"{label} {ends[value]:.1f} %"
        for found in full_names(present)
        for value, label in found.items()
    )
    title = "Top-1 over the steps of training"
    return draw_svg(f"{name}-curves", title, described, draw, size)


def _curve(
    axes: Axes, marks: Marks, line: tuple[str, str, str], name: str, points: pd.DataFrame
) -> None:
    colour, marker, dash = line
    band = points.groupby("steps")["top1"].agg(["mean", "min", "max"]).reset_index()
    steps, hue = band["steps"], COLOURS[colour]
    axes.fill_between(steps, band["min"], band["max"], color=hue, alpha=0.13, linewidth=0)
    axes.plot(steps, band["mean"], dash, color=hue, linewidth=1.4)
    for at in band.to_dict("records"):
        (point,) = axes.plot(at["steps"], at["mean"], marker, color=hue, markersize=4)
        seeds = f"{at['min']:.1f} to {at['max']:.1f} over the seeds"
        marks.add(point, f"{name}, step {at['steps']}: mean {at['mean']:.1f} %, {seeds}")
