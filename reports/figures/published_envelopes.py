"""The published envelopes, accuracy against cost of nine families, beside what is counted here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablations.costs.conventions import ENVELOPE
from ablations.costs.proof import Proof
from ablations.costs.published import (
    READ_OFF_FLOPS_G,
    READ_OFF_PARAMS_M,
    READ_OFF_TOP1,
    EnvelopePoint,
    envelope,
)
from involution_core.networks.architectures import ARCHITECTURES
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
marker, so that they are distinguishable without colour."""

PANELS = [("flops_g", "FLOPs (G)", "G"), ("params_m", "#Params (M)", "M")]
"""Quantity of a point, heading of its axis, unit."""

_RING: dict[str, Any] = {"color": COLOURS["ink"], "fillstyle": "none", "markersize": 10}

READ_OFF = (
    "The figures of the authors’ slides print no numbers: the published points were read off "
    f"them, within about {READ_OFF_FLOPS_G} G FLOPs, {READ_OFF_PARAMS_M} M parameters and "
    f"{READ_OFF_TOP1} points of Top-1"
)
"""What a reader of the figure has to know, without a full stop."""


@dataclass(frozen=True)
class CountedPoint:
    """A network of the figures whose costs were counted here.

    Attributes:
        network: As printed, "RedNet-50".
        params_m: Millions of parameters.
        flops_g: In G, in the envelope convention.
        top1_percent: As published.
    """

    network: str
    params_m: float
    flops_g: float
    top1_percent: float


def counted_points(proofs: Sequence[Proof]) -> list[CountedPoint]:
    """One for each of `proofs` that is a point of the figures."""
    return [
        CountedPoint(
            ARCHITECTURES[proof.model].title,
            proof.params / 1e6,
            ENVELOPE.count(proof.operations) / 1e9,
            float(proof.published.top1_percent),
        )
        for proof in proofs
        if proof.published is not None and proof.convention == ENVELOPE.name
    ]


def published_figure(counted: Sequence[CountedPoint]) -> Markup:
    """The published Top-1 of nine families against FLOPs and parameters; rings at the published
    Top-1 of the networks whose costs were counted here."""

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
        f"{point.network} {point.flops_g:.2f} G and {point.params_m:.1f} M" for point in counted
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


def _rings(axes: Axes, marks: Marks, counted: Sequence[CountedPoint], key: str, unit: str) -> None:
    for point in counted:
        cost, top1 = getattr(point, key), point.top1_percent
        (ring,) = axes.plot(cost, top1, "o", **_RING)
        marks.add(ring, f"{point.network}, counted here: {cost:.2f} {unit}; published: {top1} %")
