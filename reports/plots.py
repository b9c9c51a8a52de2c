"""The figures of a study: data frames in, inline SVG out."""

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablations.formulas import MAC_TERMS
from ablations.pareto import pareto_front
from reports.svg import COLOURS, Marks, draw_svg

SMALLEST_SPAN = 10
"""Percentage points that an accuracy axis spans at least: noise must not look like an effect."""

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

LINES = [
    ("blue", "o", "-"),
    ("vermillion", "s", "--"),
    ("green", "^", "-."),
    ("orange", "D", ":"),
    ("purple", "v", "-"),
    ("sky", "P", "--"),
    ("ink", "X", "-."),
]
"""Colour, marker and dash of a line; told apart without colour, too."""

Labels = Mapping[str, str]
"""Variant -> how figures write it, in the order of the study."""


def accuracy_figure(name: str, labels: Labels, axis: str, trials: pd.DataFrame) -> Markup:
    """Top-1 of every seed as a dot; beside the dots the mean with its 95 % interval.

    trials: of `frames.accuracy_frame` joined with the means of `frames.measured_frame`.
    """

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
                _mean(axes, marks, x + 0.22, rows.iloc[0], label, "_")
        axes.set_xticks(range(len(labels)), list(labels.values()))
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.set_xlabel(axis)
        _accuracy_axis(axes)

    described = "; ".join(
        f"{label} {_mean_words(rows.iloc[0])}"
        for value, label in labels.items()
        if len(rows := trials[trials["value"] == value].dropna(subset="top1"))
    )
    return draw_svg(f"{name}-accuracy", "Top-1 of each variant, one dot a seed", described, draw)


def _mean_words(row: pd.Series) -> str:
    half = "" if pd.isna(row["top1_high"]) else f" ± {row['top1_high'] - row['top1_mean']:.1f}"
    return f"{row['top1_mean']:.1f}{half} %"


def _mean(
    axes: Axes, marks: Marks, x: float, row: pd.Series, label: str, marker: str, colour: str = "ink"
) -> None:
    """A mean with its interval, where there is one."""
    mean, high = row["top1_mean"], row["top1_high"]
    if not pd.isna(high):
        axes.errorbar(
            x, mean, yerr=high - mean, fmt="none", ecolor=COLOURS[colour], elinewidth=1, capsize=3
        )
    size = 12 if marker == "_" else 6
    (point,) = axes.plot(x, mean, marker, color=COLOURS[colour], markersize=size)
    seeds = int(row["seeds"])
    marks.add(point, f"{label}, mean of {seeds}: {_mean_words(row)}")


def _accuracy_axis(axes: Axes) -> None:
    low, high = axes.get_ylim()
    middle, half = (low + high) / 2, max(high - low, SMALLEST_SPAN) / 2
    axes.set_ylim(middle - half, middle + half)
    axes.set_ylabel("measured Top-1 (%)")
    axes.grid(axis="y")


def envelope_figure(name: str, labels: Labels, measured: pd.DataFrame) -> Markup:
    """Mean Top-1 with its 95 % interval against the trained network's MACs and parameters; a line
    joins those that no other variant beats in both.

    measured: of `frames.measured_frame`, finished variants only.
    """
    panels = [("trained_macs", 1e6, "MACs (M), one image"), ("trained_params", 1e3, "#Params (k)")]

    def draw(figure: Figure, marks: Marks) -> None:
        both = figure.subplots(1, 2, sharey=True)
        for axes, (key, unit, heading) in zip(both, panels, strict=True):
            costs = (measured[key] / unit).tolist()
            for x, (_, row) in zip(costs, measured.iterrows(), strict=True):
                _mean(
                    axes, marks, x, row, f"{labels[row['value']]}, {x:.4g} {heading}", "o", "blue"
                )
            front = pareto_front(list(zip(costs, measured["top1_mean"], strict=True)))
            best = measured["top1_mean"].iloc[front]
            line = {"color": COLOURS["orange"], "linewidth": 2, "zorder": 1}
            axes.plot([costs[i] for i in front], best, **line)
            axes.set_xlabel(heading)
            axes.margins(x=0.25)
            axes.xaxis.set_major_locator(MaxNLocator(4))
            _accuracy_axis(axes)
        both[1].set_ylabel("")
        for axes, (key, unit, _) in zip(both, panels, strict=True):
            points = [
                (row[key] / unit, row["top1_mean"], labels[row["value"]])
                for _, row in measured.iterrows()
            ]
            _label_points(axes, marks, points)

    described = "; ".join(
        f"{labels[row['value']]}: {row['trained_macs'] / 1e6:.2f} M MACs, "
        f"{row['trained_params'] / 1e3:.1f} k parameters, {_mean_words(row)}"
        for _, row in measured.iterrows()
    )
    title = "Top-1 against multiply-accumulates and parameters of the trained network"
    return draw_svg(f"{name}-envelope", title, described, draw)


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
                list(labels.values()), width, left=left, label=term.replace("_", " "),
                color=COLOURS[TERM_COLOURS[term]], height=0.6,
            )  # fmt: skip
            for bar, label, giga in zip(bars, labels.values(), width, strict=True):
                marks.add(bar, f"{label}, {term.replace('_', ' ')}: {giga:.3f} G")
            left += width
        axes.invert_yaxis()
        axes.set_ylabel(axis)
        axes.set_xlabel("MACs (G), one image")
        figure.legend(loc="outside upper right", ncols=4, frameon=False, handlelength=1)

    described = "; ".join(
        f"{labels[row['value']]}: "
        + ", ".join(f"{term.replace('_', ' ')} {row[term] / 1e9:.3f} G" for term in terms)
        for _, row in costs.iterrows()
    )
    return draw_svg(f"{name}-cost", "Multiply-accumulates of each variant by term", described, draw)


def curves_figure(name: str, labels: Labels, curves: pd.DataFrame) -> Markup:
    """Mean Top-1 over the steps of training, in a band from the lowest to the highest seed.

    curves: of `frames.curve_frame`.
    """
    present = {value: label for value, label in labels.items() if (curves["value"] == value).any()}

    def draw(figure: Figure, marks: Marks) -> None:
        axes = figure.add_subplot()
        for i, (value, label) in enumerate(present.items()):
            colour, marker, dash = LINES[i % len(LINES)]
            points = curves[curves["value"] == value].groupby("steps")["top1"]
            band = points.agg(["mean", "min", "max"]).reset_index()
            steps, hue = band["steps"], COLOURS[colour]
            axes.fill_between(steps, band["min"], band["max"], color=hue, alpha=0.13, linewidth=0)
            axes.plot(steps, band["mean"], dash, color=hue, linewidth=1.4)
            axes.plot([], [], dash, marker=marker, color=hue, label=label)
            for at in band.to_dict("records"):
                (point,) = axes.plot(at["steps"], at["mean"], marker, color=hue, markersize=4)
                seeds = f"{at['min']:.1f} to {at['max']:.1f} over the seeds"
                words = f"{label}, step {at['steps']}: mean {at['mean']:.1f} %, {seeds}"
                marks.add(point, words)
        axes.set_xlabel("steps of training")
        _accuracy_axis(axes)
        figure.legend(loc="outside upper right", ncols=4, frameon=False, handlelength=2.5)

    last = curves.sort_values("steps").groupby(["value", "seed"])["top1"].last()
    ends = last.groupby("value").mean()
    described = "Mean Top-1 at the end: " + "; ".join(
        f"{label} {ends[value]:.1f} %" for value, label in present.items()
    )
    return draw_svg(f"{name}-curves", "Top-1 over the steps of training", described, draw)
