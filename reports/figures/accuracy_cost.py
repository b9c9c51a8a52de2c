"""Accuracy against what the trained networks cost, and the Pareto front."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablations.results.variant_result import VariantResult
from ablations.statistics.dominance import pareto_front
from reports.figures.drawing import (
    WIDE,
    Labels,
    Series,
    accuracy_axis,
    draw_legend,
    draw_mean,
    full_names,
    lines_of,
    mean_words,
)
from reports.figures.svg import COLOURS, Marks, draw_svg


@dataclass(frozen=True)
class Panel:
    """A cost that accuracy is drawn against.

    Attributes:
        heading: Label of the axis, with its unit.
        cost: Cost of a variant in that unit; None if not measured.
        reach: How far the quartiles of a variant's cost lie below and above it; None for a count.
    """

    heading: str
    cost: Callable[[VariantResult], float | None]
    reach: Callable[[VariantResult], tuple[float, float] | None] = lambda variant: None


Point = tuple[float, float, str]
"""Cost, mean Top-1, and the variant's name."""


def _image_ms(variant: VariantResult) -> float | None:
    return None if variant.inference_rate is None else 1000 / variant.inference_rate.median


def _image_ms_reach(variant: VariantResult) -> tuple[float, float] | None:
    rate = variant.inference_rate
    if rate is None:
        return None
    median, (slow, fast) = 1000 / rate.median, rate.quartiles
    return median - 1000 / fast, 1000 / slow - median


def _in(unit: float, count: int | None) -> float | None:
    return None if count is None else count / unit


_PANELS = (
    Panel("MACs (M), one image", lambda variant: _in(1e6, variant.trained_macs)),
    Panel("#Params (k)", lambda variant: _in(1e3, variant.trained_params)),
    Panel("inference (ms), one image", _image_ms, _image_ms_reach),
)


def accuracy_cost_figure(
    name: str, series: Series, variants: Sequence[VariantResult], same_images: Collection[str]
) -> Markup:
    """Mean Top-1 with its 95 % interval against what the trained network costs: MACs, parameters
    and, where it was timed, the time of one image; a line joins those that no other variant beats
    in both, and where there are several series, a thin one each series.

    Args:
        name: Name of the study.
        series: All variants.
        variants: Those of which no seed finished are left out.
        same_images: Names of the variants compared with the baseline.
    """
    finished = [variant for variant in variants if variant.top1.n]
    panels = [panel for panel in _PANELS if any(panel.cost(v) is not None for v in finished)]
    named = {variant: label for labels in full_names(series) for variant, label in labels.items()}

    def draw(figure: Figure, marks: Marks) -> None:
        row = figure.subplots(1, len(panels), sharey=True)
        placed = [
            _panel(axes, marks, panel, series, named, finished, same_images)
            for axes, panel in zip(row, panels, strict=True)
        ]
        accuracy_axis(*row)
        for axes, points in zip(row, placed, strict=True):
            _label_points(axes, marks, points)
        if len(series) > 1:
            handles = [
                row[0].plot([], [], marker, color=COLOURS[colour])[0]
                for colour, marker, _ in lines_of(len(series))
            ]
            draw_legend(figure, handles, list(series), WIDE, handlelength=1)

    described = "; ".join(_described(variant, named[variant.name], panels) for variant in finished)
    title = "Top-1 against what the trained network costs: " + ", ".join(p.heading for p in panels)
    return draw_svg(f"{name}-envelope", title, described, draw, size=WIDE)


def _described(variant: VariantResult, label: str, panels: Sequence[Panel]) -> str:
    costs = [
        f"{cost:.4g} {panel.heading}"
        for panel in panels
        if (cost := panel.cost(variant)) is not None
    ]
    return f"{label}: {', '.join(costs)}, {mean_words(variant.top1)}"


def _panel(
    axes: Axes,
    marks: Marks,
    panel: Panel,
    series: Series,
    named: Labels,
    finished: Sequence[VariantResult],
    same_images: Collection[str],
) -> list[Point]:
    """Draw every series, and the front of what was judged on the same images; where each variant
    lies, and its label."""
    placed, compared = [], []
    for line, labels in zip(lines_of(len(series)), series.values(), strict=True):
        found = [variant for variant in finished if variant.name in labels]
        points = _points(axes, marks, panel, line, named, found)
        placed += [(x, y, labels[variant]) for x, y, variant in points]
        compared += [point for point in points if point[2] in same_images]
        if len(series) > 1:
            _join(axes, line, points)
    _front(axes, compared)
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
    found: Sequence[VariantResult],
) -> list[Point]:
    """Draw the variants of a series whose cost is known; where each lies, and which it is."""
    colour, marker, _ = line
    placed = []
    for variant in found:
        x, y, reach = panel.cost(variant), variant.top1.mean, panel.reach(variant)
        if x is None or y is None:
            continue
        if reach is not None:
            below, above = reach
            axes.errorbar(
                x, y, xerr=[[below], [above]], fmt="none", ecolor=COLOURS[colour], elinewidth=1
            )
        words = f"{named[variant.name]}, {x:.4g} {panel.heading}"
        draw_mean(axes, marks, x, variant.top1, words, marker, colour)
        placed.append((x, y, variant.name))
    return placed


def _join(axes: Axes, line: tuple[str, str, str], points: Sequence[Point]) -> None:
    colour, _, dash = line
    along = sorted(points)
    x, y = [point[0] for point in along], [point[1] for point in along]
    axes.plot(x, y, dash, color=COLOURS[colour], linewidth=0.8, zorder=1.5)


def _front(axes: Axes, points: Sequence[Point]) -> None:
    front = pareto_front([(x, y) for x, y, _ in points])
    best = [points[i] for i in front]
    x, y = [point[0] for point in best], [point[1] for point in best]
    axes.plot(x, y, color=COLOURS["orange"], linewidth=2, zorder=1)


def _label_points(axes: Axes, marks: Marks, points: Sequence[Point]) -> None:
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
