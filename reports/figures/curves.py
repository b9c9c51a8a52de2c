"""Top-1 over the steps of training."""

from collections.abc import Sequence
from statistics import fmean

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablations.results.variant_result import VariantResult
from reports.figures.drawing import (
    SINGLE,
    WIDE,
    Series,
    accuracy_axis,
    draw_legend,
    full_names,
    lines_of,
)
from reports.figures.svg import COLOURS, Marks, draw_svg


def curves_figure(name: str, series: Series, variants: Sequence[VariantResult]) -> Markup:
    """Mean Top-1 over the steps of training, in a band from the lowest to the highest seed; a panel
    for each series.

    Args:
        name: Name of the study.
        series: All variants.
        variants: Those that have no point of a curve are left out.
    """
    trained = {found.name: found for found in variants if any(t.curve for t in found.trials)}
    present = {
        title: {variant: label for variant, label in labels.items() if variant in trained}
        for title, labels in series.items()
    }
    labels = dict.fromkeys(label for found in series.values() for label in found.values())
    lines = dict(zip(labels, lines_of(len(labels)), strict=True))
    size = SINGLE if len(present) == 1 else WIDE

    def draw(figure: Figure, marks: Marks) -> None:
        row = figure.subplots(1, len(present), sharey=True, squeeze=False)[0]
        for axes, (title, found) in zip(row, present.items(), strict=True):
            for variant, label in found.items():
                words = f"{title}, {label}" if title else label
                _curve(axes, marks, lines[label], words, trained[variant])
            axes.set_title(title, fontsize="medium")
            axes.set_xlabel("steps of training")
            axes.xaxis.set_major_locator(MaxNLocator(4))
        accuracy_axis(*row)
        shown = {label for found in present.values() for label in found.values()}
        drawn = {
            label: row[0].plot([], [], dash, marker=marker, color=COLOURS[colour])[0]
            for label, (colour, marker, dash) in lines.items()
            if label in shown
        }
        draw_legend(figure, list(drawn.values()), list(drawn), size, handlelength=2.5)

    described = "Mean Top-1 at the end: " + "; ".join(
        f"{label} {_end(trained[variant]):.1f} %"
        for found in full_names(present)
        for variant, label in found.items()
    )
    title = "Top-1 over the steps of training"
    return draw_svg(f"{name}-curves", title, described, draw, size)


def _end(variant: VariantResult) -> float:
    """The mean of the last points of its curves, percent."""
    return fmean(trial.curve[-1]["top1"] for trial in variant.trials if trial.curve)


def _curve(
    axes: Axes, marks: Marks, line: tuple[str, str, str], name: str, variant: VariantResult
) -> None:
    colour, marker, dash = line
    hue, by_steps = COLOURS[colour], _by_steps(variant)
    steps, means = list(by_steps), [fmean(tops) for tops in by_steps.values()]
    lowest, highest = [min(t) for t in by_steps.values()], [max(t) for t in by_steps.values()]
    axes.fill_between(steps, lowest, highest, color=hue, alpha=0.13, linewidth=0)
    axes.plot(steps, means, dash, color=hue, linewidth=1.4)
    for step, mean, low, high in zip(steps, means, lowest, highest, strict=True):
        (point,) = axes.plot(step, mean, marker, color=hue, markersize=4)
        seeds = f"{low:.1f} to {high:.1f} over the seeds"
        marks.add(point, f"{name}, step {step}: mean {mean:.1f} %, {seeds}")


def _by_steps(variant: VariantResult) -> dict[int, list[float]]:
    """Steps of training, rising -> Top-1 of the seeds, percent."""
    found: dict[int, list[float]] = {}
    for trial in variant.trials:
        for point in trial.curve:
            found.setdefault(int(point["steps"]), []).append(point["top1"])
    return dict(sorted(found.items()))
