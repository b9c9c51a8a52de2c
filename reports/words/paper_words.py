"""Whether a study has the shape of the paper's table, in sentences. No torch."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from ablations.results.paper_shape import PaperShape, Step
from ablations.statistics.agreement import Agreement
from ablations.statistics.contrasts import Contrast
from ablations.statistics.significance import seeds_needed
from reports.names.number_texts import p_text, points_text, seeds_text, signed
from reports.words.verdict import conclusion, difference_words

Label = Callable[[str], str]
"""variant -> how it is written."""


def paper_words(shape: PaperShape | None, label: Label) -> list[str]:
    """One sentence on the order, and with a margin one on saturation; none without a shape."""
    return [] if shape is None else [*_sentences(shape, label)]


def _sentences(shape: PaperShape, label: Label) -> Iterator[str]:
    lead = f"The paper’s order by Top-1, {_order(shape.published, label)}"
    yield f"{lead}: {_agreement(shape.order)}."
    if shape.margin is not None:
        yield _saturation(shape.flat, shape.margin, label)


def _order(published: Mapping[str, float], label: Label) -> str:
    """ "3 × 3 (76.9) < 7 × 7 (77.7) = 9 × 9 (77.7)"."""
    names = list(published)
    signs = [" < " if published[a] < published[b] else " = " for a, b in pairwise(names)]
    figures = [f"{label(name)} ({published[name]:.1f})" for name in names]
    return "".join(a + b for a, b in zip(figures, [*signs, ""], strict=True))


def _agreement(order: Agreement) -> str:
    n = order.tau.n
    if order.p is None:
        return "no seed finished with all of them, so nothing can be said about the order here"
    found = {
        "agrees": f"the order here agrees with it more than chance would, {_tau(order)}",
        "reversed": f"the order here runs against it, {_tau(order)}",
        "inconclusive": f"inconclusive whether the order here agrees, {_tau(order)}",
        "too few seeds": (
            f"inconclusive whether the order here agrees ({seeds_text(n)}; at least "
            f"{seeds_needed(1)} are needed), {_tau(order)}"
        ),
    }[order.verdict]
    return found + (", every seed gave the same figures" if order.repeated else "")


def _tau(order: Agreement) -> str:
    half = "" if order.tau.half_width is None else f" ± {order.tau.half_width:.2f}"
    mean = f"{(order.tau.mean or 0.0) + 0.0:.2f}".replace("-", "−")
    most = f" of at most {order.most:.2f}, as the paper has ties" if order.most < 1 else ""
    where = f"over {seeds_text(order.tau.n)} and {order.variants} variants"
    return f"mean Kendall’s τ-b {mean}{half}{most}, {where}, p = {p_text(order.p or 0.0)}"


def _saturation(flat: Step | None, margin: float, label: Label) -> str:
    if flat is None:
        return (
            f"No step of the paper’s Top-1 between neighbours in cost stays within "
            f"{points_text(margin)} among these variants; there is no saturation to look for."
        )
    contrast = flat.contrast
    dearer, cheaper = label(contrast.name), label(contrast.baseline)
    lead = (
        f"The paper saturates from {cheaper} to {dearer} ({signed(flat.gain)} points for more "
        f"parameters)"
    )
    if contrast.difference.mean is None:
        return f"{lead}: inconclusive whether Top-1 does so here (no seed finished with both)."
    differs = f"{dearer} differs by {difference_words(contrast)}"
    return f"{lead}: {_saturates(contrast, margin)}; {differs}."


def _saturates(contrast: Contrast, margin: float) -> str:
    within = contrast.within
    if within is not None and contrast.margin_verdict == "equivalent":
        p = p_text(within.equivalent_p or 0.0)
        return f"here it does, too, the two are equivalent within {points_text(margin)} (p = {p})"
    if contrast.told:
        return f"here the two differ, the latter is {conclusion(contrast)}"
    if contrast.margin_verdict == "too few seeds":
        seeds, needed = seeds_text(contrast.difference.n), seeds_needed(1, sides=1)
        return f"inconclusive whether it does here ({seeds}; at least {needed} are needed)"
    equivalent = f"the two are not shown to be equivalent within {points_text(margin)}"
    return f"inconclusive whether it does here, {equivalent}"
