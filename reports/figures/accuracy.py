"""Top-1 of every seed, and its means."""

from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablations.results.variant_result import VariantResult
from reports.figures.drawing import (
    SINGLE,
    WIDE,
    Labels,
    Ticks,
    accuracy_axis,
    draw_mean,
    is_crowded,
    is_slanted,
    mean_words,
)
from reports.figures.svg import COLOURS, Marks, draw_svg


def accuracy_figure(
    name: str, labels: Labels, ticks: Ticks, axis: str, variants: Sequence[VariantResult]
) -> Markup:
    """Top-1 of every seed as a dot; beside the dots the mean with its 95 % interval.

    Args:
        name: Name of the study.
        labels: Labels of the variants.
        ticks: Tick labels of the variants.
        axis: What the variants differ in.
        variants: In the order of the figure.
    """

    def draw(figure: Figure, marks: Marks) -> None:
        axes = figure.add_subplot()
        for x, variant in enumerate(variants):
            label = labels[variant.name]
            _draw_seeds(axes, marks, x, variant, label)
            if variant.top1.n:
                draw_mean(axes, marks, x + 0.22, variant.top1, label, "_")
        axes.set_xticks(range(len(ticks)), ["\n".join(lines) for lines in ticks.values()])
        if is_slanted(ticks):
            axes.tick_params("x", rotation=30)
            for text in axes.get_xticklabels():
                text.set_horizontalalignment("right")
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.set_xlabel(axis)
        accuracy_axis(axes)

    described = "; ".join(
        f"{labels[variant.name]} {mean_words(variant.top1)}"
        for variant in variants
        if variant.top1.n
    )
    title = "Top-1 of each variant, one dot a seed"
    size = WIDE if is_crowded(ticks) else SINGLE
    return draw_svg(f"{name}-accuracy", title, described, draw, size)


def _draw_seeds(axes: Axes, marks: Marks, x: float, variant: VariantResult, label: str) -> None:
    finished = [(seed, top1) for seed, top1 in variant.top1_by_seed.items() if top1 is not None]
    for place, (seed, top1) in enumerate(finished):
        at = x + 0.16 * (place - (len(finished) - 1) / 2) / len(finished)
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
