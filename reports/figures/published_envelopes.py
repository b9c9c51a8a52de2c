"""The published envelopes, accuracy against cost of nine families, beside what is counted here."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablations.costs.conventions import ENVELOPE
from ablations.costs.proof import Row
from ablations.costs.published import (
    READ_OFF_FLOPS_G,
    READ_OFF_PARAMS_M,
    READ_OFF_TOP1,
    EnvelopePoint,
    envelope,
)
from involution_core.architectures import ARCHITECTURES
from reports.figures.svg import COLOURS, Marks, draw_svg

FAMILY_LINES = {
    "RedNet": ("vermillion", "o", "-"),
    "ResNet": ("blue", "s", "--"),
    "Local Relation Network": ("purple", "p", "--"),
    "SAN (pairwise)": ("sky", "X", ":"),
    "SAN (patchwise)": ("sky", "P", "-."),
    "Axial Attention (conv-stem)": ("orange", "d", ":"),
    "Axial Attention (full)": ("orange", "D", "-."),
    "Stand-Alone Attention (conv-stem)": ("green", "v", ":"),
    "Stand-Alone Attention (full)": ("green", "^", "-."),
}
"""Colour, marker and dash of a family's line, in the order of the legend. No two have the same
marker, so that they are told apart without colour, too."""

PANELS = [("flops_g", "FLOPs (G)", "G"), ("params_m", "#Params (M)", "M")]
"""Quantity of a point, heading of its axis, unit."""

_RING: dict[str, Any] = {"color": COLOURS["ink"], "fillstyle": "none", "markersize": 10}

READ_OFF = (
    "The figures of the authors’ slides print no numbers: the published points were read off "
    f"them, within about {READ_OFF_FLOPS_G} G FLOPs, {READ_OFF_PARAMS_M} M parameters and "
    f"{READ_OFF_TOP1} points of Top-1"
)
"""What a reader of the figure has to know, without a full stop."""


def counted_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """family as printed, depth; the costs counted here, flops_g in the envelope convention; the
    published top1_percent of the same network.

    rows: of `proven`; those that are no points of the figures are left out.
    """
    counted = []
    for row in rows:
        if row.published is None or row.convention != ENVELOPE.name:
            continue
        family, _, depth = ARCHITECTURES[row.model].title.rpartition("-")
        counted.append(
            {
                "family": family,
                "depth": int(depth),
                "params_m": row.params / 1e6,
                "flops_g": ENVELOPE.count(row.operations) / 1e9,
                "top1_percent": float(row.published.top1_percent),
            }
        )
    return pd.DataFrame(counted)


def published_figure(counted: pd.DataFrame) -> Markup:
    """The published Top-1 of nine families against FLOPs and parameters; rings at the published
    Top-1 of the networks whose costs were counted here.

    counted: family, depth, flops_g (envelope convention), params_m, top1_percent.
    """

    def draw(figure: Figure, marks: Marks) -> None:
        both = figure.subplots(1, 2, sharey=True)
        for axes, (key, heading, unit) in zip(both, PANELS, strict=True):
            for family in reversed(FAMILY_LINES):
                _curve(axes, marks, family, envelope()[family], key, unit)
            _rings(axes, marks, counted, key, unit)
            axes.set_xlabel(heading)
            axes.set_xlim(left=0)
            axes.grid(axis="y")
        both[0].set_ylabel("published Top-1 (%)")
        figure.legend(
            handles=_legend(both[0]),
            loc="outside lower center",
            ncols=2,
            frameon=False,
            handlelength=2.5,
            fontsize="small",
        )

    described = "; ".join(
        f"{family}: "
        + ", ".join(f"{p.top1_percent} % at {p.flops_g} G and {p.params_m} M" for p in points)
        for family, points in envelope().items()
    )
    counts = ", ".join(
        f"{row.family}-{row.depth} {row.flops_g:.2f} G and {row.params_m:.1f} M"
        for row in counted.itertuples()
    )
    return draw_svg(
        "published-envelopes",
        "Published Top-1 against FLOPs and parameters of nine families of networks",
        f"Published: {described}. Counted here: {counts}",
        draw,
        size=(5.2, 4.6),
    )


def _legend(axes: Axes) -> list[Artist]:
    handles: list[Artist] = []
    for family, (colour, marker, dash) in FAMILY_LINES.items():
        handles += axes.plot([], [], dash, marker=marker, color=COLOURS[colour], label=family)
    return [*handles, *axes.plot([], [], "o", label="costs counted here", **_RING)]


def _curve(
    axes: Axes, marks: Marks, family: str, points: Sequence[EnvelopePoint], key: str, unit: str
) -> None:
    colour, marker, dash = FAMILY_LINES[family]
    hue = COLOURS[colour]
    costs = [getattr(point, key) for point in points]
    tops = [point.top1_percent for point in points]
    axes.plot(costs, tops, dash, color=hue, linewidth=1.4)
    for cost, top1 in zip(costs, tops, strict=True):
        (point,) = axes.plot(cost, top1, marker, color=hue, markersize=5)
        marks.add(point, f"{family}, published: {cost} {unit}, {top1} %")


def _rings(axes: Axes, marks: Marks, counted: pd.DataFrame, key: str, unit: str) -> None:
    for row in counted.to_dict("records"):
        (point,) = axes.plot(row[key], row["top1_percent"], "o", **_RING)
        network = f"{row['family']}-{row['depth']}"
        marks.add(
            point,
            f"{network}, counted here: {row[key]:.2f} {unit}; published: {row['top1_percent']} %",
        )
