"""Multiply-accumulates by term of the closed form."""

from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.figure import Figure

from ablations.costs.formulas import MAC_TERMS
from ablations.results.variant_result import VariantResult
from reports.figures.drawing import SINGLE, Labels
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


def cost_figure(name: str, labels: Labels, axis: str, variants: Sequence[VariantResult]) -> Markup:
    """Multiply-accumulates of every variant, stacked by the terms that one of them has.

    Args:
        name: Name of the study.
        labels: Labels of the variants.
        axis: What the variants differ in.
        variants: In the order of the figure.
    """
    counts = [variant.macs_by_term for variant in variants]
    used = [term for term in MAC_TERMS if any(macs[term] for macs in counts)]
    words = {term: term.replace("_", " ") for term in ("rest", *used)}
    giga = {term: [macs[term] / 1e9 for macs in counts] for term in words}

    def draw(figure: Figure, marks: Marks) -> None:
        axes = figure.add_subplot()
        left = [0.0] * len(variants)
        for term, widths in giga.items():
            bars = axes.barh(
                range(len(labels)), widths, left=left, label=words[term],
                color=COLOURS[TERM_COLOURS[term]], height=0.6,
            )  # fmt: skip
            for bar, variant, width in zip(bars, variants, widths, strict=True):
                marks.add(bar, f"{labels[variant.name]}, {words[term]}: {width:.3f} G")
            left = [start + width for start, width in zip(left, widths, strict=True)]
        axes.set_yticks(range(len(labels)), list(labels.values()))
        axes.invert_yaxis()
        axes.set_ylabel(axis)
        axes.set_xlabel("MACs (G), one image")
        figure.legend(loc="outside upper right", ncols=4, frameon=False, handlelength=1)

    described = "; ".join(
        f"{labels[variant.name]}: "
        + ", ".join(f"{words[term]} {macs[term] / 1e9:.3f} G" for term in words)
        for variant, macs in zip(variants, counts, strict=True)
    )
    title = "Multiply-accumulates of each variant by term"
    height = max(SINGLE[1], 0.22 * len(labels) + 1)
    return draw_svg(f"{name}-cost", title, described, draw, (SINGLE[0], height))
