"""The figures: data in, one inline SVG out."""

import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablations.formulas import MAC_TERMS

SMALLEST_SPAN = 10
"""Percentage points that an accuracy axis spans at least: noise must not look like an effect."""

INK = "#444444"
DOT = "#0072b2"
TERM_COLOURS = {
    "rest": "#c9c9c9",
    "reduce": "#56b4e9",
    "span": "#0072b2",
    "to_query": "#009e73",
    "to_key": "#f0e442",
    "to_value": "#cc79a7",
    "query_key": "#d55e00",
    "aggregation": "#e69f00",
}
"""Okabe and Ito's palette, which colour-blind readers can tell apart."""

_STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def accuracy_figure(name: str, labels: list[str], axis: str, frame: pd.DataFrame) -> str:
    """Top-1 of every seed as a dot, the mean as a bar with its standard deviation.

    frame: of `frames.accuracy_frame`; labels: how its values are written, in order.
    """

    def draw(axes: Axes) -> None:
        for x, (_, rows) in enumerate(frame.groupby("value", sort=False)):
            top1 = rows["top1"].dropna()
            spread = [
                x + 0.16 * (i - (len(top1) - 1) / 2) / max(1, len(top1)) for i in range(len(top1))
            ]
            axes.plot(spread, top1, "o", color=DOT, alpha=0.55, markersize=5, markeredgewidth=0)
            if len(top1):
                axes.errorbar(
                    x + 0.22,
                    top1.mean(),
                    yerr=top1.std(ddof=1) if len(top1) > 1 else None,
                    fmt="_",
                    color=INK,
                    markersize=12,
                    capsize=3,
                )
        axes.set_xticks(range(len(labels)), labels)
        low, high = axes.get_ylim()
        middle, half = (low + high) / 2, max(high - low, SMALLEST_SPAN) / 2
        axes.set_ylim(middle - half, middle + half)
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.set_xlabel(axis)
        axes.set_ylabel("measured Top-1 (%)")
        axes.grid(axis="y", color="#e5e5e5", linewidth=0.8)
        axes.set_axisbelow(True)

    return _svg(f"{name}-accuracy", draw)


def cost_figure(name: str, labels: list[str], axis: str, frame: pd.DataFrame) -> str:
    """Multiply-accumulates of every variant, stacked by the terms that one of them has.

    frame: of `frames.cost_frame`.
    """

    def draw(axes: Axes) -> None:
        left = pd.Series(0.0, index=frame.index)
        for term in ("rest", *(term for term in MAC_TERMS if frame[term].any())):
            width = frame[term] / 1e9
            name, colour = term.replace("_", " "), TERM_COLOURS[term]
            axes.barh(labels, width, left=left, label=name, color=colour, height=0.6)
            left += width
        axes.invert_yaxis()
        axes.set_ylabel(axis)
        axes.set_xlabel("MACs (G), one image")
        axes.figure.legend(loc="outside upper right", ncols=4, frameon=False, handlelength=1)

    return _svg(f"{name}-cost", draw)


def _svg(name: str, draw: Callable[[Axes], None]) -> str:
    style: Any = _STYLE | {"svg.hashsalt": name}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(5.2, 3.2), layout="constrained")
        draw(figure.add_subplot())
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return _inline(text.getvalue(), name)


def _inline(svg: str, name: str) -> str:
    """The <svg> element alone, its ids made unique in the page, sized by the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{name}-", svg)
    return re.sub(r' (width|height)="[0-9.]+pt"', "", svg, count=2)
