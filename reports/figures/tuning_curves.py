"""Top-1 on the validation split against what was tuned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10, nan

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablations.results.tuning_result import Tried, TuningResult, VariantTuning
from ablations.settings.setting import Level
from ablations.study.grid import Candidate
from reports.figures.drawing import (
    SINGLE,
    WIDE,
    Series,
    accuracy_axis,
    draw_legend,
    full_names,
    lines_of,
    mean_words,
)
from reports.figures.svg import COLOURS, Marks, draw_svg
from reports.names.level_names import axis_name, candidate_name, level_text

MOST_PANELS = 12
LEAST_GAP = 0.06
"""Minimum distance of two numbers, as a share of the axis; closer ones are drawn side by side."""

Line = tuple[str, str, str]
"""Colour, marker and dash."""


@dataclass(frozen=True)
class Along:
    """The axis of a tuned setting. at: level -> where it stands, in rising order."""

    setting: str
    at: Mapping[Level, float]

    @property
    def span(self) -> float:
        return max(self.at.values()) - min(self.at.values())


def tuning_figure(name: str, series: Series, tuning: TuningResult) -> Markup | None:
    """Top-1 of every seed as a dot and a line through the means, against the first tuned setting; a
    ring around what a variant chose. A row of panels for each combination of the other tuned
    settings, a column for each series.

    Args:
        name: Name of the study.
        series: All variants.
        tuning: Tuning of the study.

    Returns:
        None where nothing finished, and where there would be more than MOST_PANELS panels.
    """
    along = _along(tuning)
    others = list(dict.fromkeys(_others(levels) for levels in tuning.grid.candidates))
    finished = any(one.top1.n for variant in tuning.variants for one in variant.tried)
    if not finished or len(others) * len(series) > MOST_PANELS:
        return None
    labels = list(dict.fromkeys(label for found in series.values() for label in found.values()))
    lines = dict(zip(labels, lines_of(len(labels)), strict=True))
    one_panel = len(others) * len(series) == 1
    size = SINGLE if one_panel else (WIDE[0], 0.6 + 2.8 * len(others))

    def draw(figure: Figure, marks: Marks) -> None:
        rows = figure.subplots(len(others), len(series), sharex=True, sharey=True, squeeze=False)
        for row, other in zip(rows, others, strict=True):
            for axes, (title, found) in zip(row, series.items(), strict=True):
                for place, (variant, label) in enumerate(found.items()):
                    words = f"{title}, {label}" if title else label
                    shift = 0.012 * along.span * (place - (len(found) - 1) / 2)
                    tried = {dict(t.levels)[along.setting]: t for t in tuning[variant].tried
                             if _others(t.levels) == other}  # fmt: skip
                    _curve(axes, marks, lines[label], words, along, shift, tried, tuning[variant])
                heads = ([title] if title else []) + ([candidate_name(other)] if other else [])
                axes.set_title(", ".join(heads), fontsize="medium")
        for axes in rows[-1]:
            ticks = [level_text(along.setting, str(level)) for level in along.at]
            axes.set_xticks([*along.at.values()], ticks)
            axes.set_xlabel(axis_name(along.setting))
        accuracy_axis(*(axes for row in rows for axes in row))
        for row in rows:
            row[0].set_ylabel("Top-1 on validation (%)")
        handles = [
            rows[0][0].plot([], [], dash, marker=marker, color=COLOURS[colour])[0]
            for colour, marker, dash in lines.values()
        ]
        draw_legend(figure, handles, list(lines), size, handlelength=2.5)

    described = "; ".join(
        f"{label} chose {candidate_name(chosen.levels)}, {mean_words(chosen.top1)}"
        for found in full_names(series)
        for variant, label in found.items()
        if (chosen := tuning[variant].chosen) is not None
    )
    title = f"Top-1 on the validation split against {axis_name(along.setting)}"
    return draw_svg(f"{name}-tuning", title, described, draw, size)


def _others(levels: Candidate) -> Candidate:
    """All but the setting that lies along the axis."""
    return levels[1:]


def _along(tuning: TuningResult) -> Along:
    """Positive numbers by their logarithm where they stand apart so, else one beside the other."""
    setting, levels = next(iter(tuning.grid.levels.items()))
    numbers = [level for level in levels if not isinstance(level, str)]
    if len(numbers) < len(levels):
        return Along(setting, {level: float(place) for place, level in enumerate(levels)})
    rising = sorted(numbers)
    if rising[0] > 0:
        at = [log10(number) for number in rising]
        if min(b - a for a, b in pairwise(at)) >= LEAST_GAP * (at[-1] - at[0]):
            return Along(setting, dict(zip(rising, at, strict=True)))
    return Along(setting, {level: float(place) for place, level in enumerate(rising)})


def _curve(
    axes: Axes,
    marks: Marks,
    line: Line,
    name: str,
    along: Along,
    shift: float,
    tried: Mapping[Level, Tried],
    variant: VariantTuning,
) -> None:
    colour, marker, dash = line
    hue = COLOURS[colour]
    places = [at + shift for at in along.at.values()]
    found = [tried[level] for level in along.at]
    means = [nan if one.top1.mean is None else one.top1.mean for one in found]
    axes.plot(places, means, dash, color=hue, linewidth=1.4)
    for x, one in zip(places, found, strict=True):
        words = f"{name}, {candidate_name(one.levels)}"
        _seeds(axes, marks, x, hue, words, one)
        if one.top1.mean is None:
            continue
        if one is variant.chosen:
            axes.plot(x, one.top1.mean, "o", color=COLOURS["ink"], fillstyle="none", markersize=11)
        filled = "none" if one.failed else "full"
        (point,) = axes.plot(x, one.top1.mean, marker, color=hue, markersize=5, fillstyle=filled)
        chosen = ", chosen" * (one is variant.chosen)
        failed = f", {one.failed} failed" * bool(one.failed)
        marks.add(point, f"{words}, mean of {one.top1.n}: {mean_words(one.top1)}{failed}{chosen}")


def _seeds(axes: Axes, marks: Marks, x: float, hue: str, words: str, one: Tried) -> None:
    finished: Sequence[tuple[int, float]] = [
        (seed, top1) for seed, top1 in one.tops.items() if top1 is not None
    ]
    for seed, top1 in finished if len(finished) > 1 else ():
        (dot,) = axes.plot(x, top1, "o", color=hue, alpha=0.4, markersize=4, markeredgewidth=0)
        marks.add(dot, f"{words}, seed {seed}: {top1:.1f} %")
