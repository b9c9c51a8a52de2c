"""Sentences on a margin: no worse by more than it, equivalent within it. No torch.

How strong a word may be is decided in `ablations.statistics.equivalence`.
"""

from ablations.statistics.contrasts import Contrast
from ablations.statistics.equivalence import WithinMargin
from ablations.statistics.significance import seeds_needed
from reports.names.number_texts import p_text, points_text, seeds_text, signed


def margin_conclusion(contrast: Contrast, baseline: str) -> str:
    """ "no worse than 7 × 7 by more than 0.5 points (adjusted p = 0.01)", or what is not ruled out.

    "" without a margin, without a pair, and where "better" or "worse" has said more.

    Args:
        contrast: Contrast of a variant with the baseline.
        baseline: Name of the baseline for readers.
    """
    within, verdict = contrast.within, contrast.margin_verdict
    if within is None or within.no_worse_p is None:
        return ""
    if verdict == "equivalent":
        found = f"equivalent to {baseline} within {points_text(within.margin)}"
        return f"{found} ({_evidence(contrast, within.adjusted_equivalent_p)})"
    if contrast.verdict == "better" or _worse_by_more(contrast, within):
        return ""
    no_worse = f"no worse than {baseline} by more than {points_text(within.margin)}"
    if verdict == "no worse":
        return f"{no_worse} ({_evidence(contrast, within.adjusted_no_worse_p)})"
    loss = f"a loss of more than {points_text(within.margin)}"
    return f"{loss} is not ruled out ({_reason(contrast, within)})"


def _worse_by_more(contrast: Contrast, within: WithinMargin) -> bool:
    interval = contrast.difference.interval
    return contrast.verdict == "worse" and interval is not None and interval[1] < -within.margin


def _reason(contrast: Contrast, within: WithinMargin) -> str:
    interval = contrast.difference.interval
    if contrast.margin_verdict == "too few seeds":
        needed = seeds_needed(contrast.comparisons, sides=1)
        return f"{seeds_text(contrast.difference.n)}; at least {needed} are needed"
    if interval is None:
        return "every seed has the same difference"
    if interval[0] <= -within.margin:
        low, high = map(signed, interval)
        return f"interval {low} to {high}"
    return _evidence(contrast, within.adjusted_no_worse_p)


def _evidence(contrast: Contrast, p: float | None) -> str:
    return f"{'adjusted ' * (contrast.comparisons > 1)}p = {p_text(p or 0.0)}"


def found_words(contrast: Contrast) -> str:
    """Return what is found of a variant, for a headline: "worse, but equivalent within 0.5 points";
    "" if that is inconclusive."""
    within = None if contrast.within is None else points_text(contrast.within.margin)
    told = contrast.verdict if contrast.told else ""
    if contrast.margin_verdict == "equivalent":
        found = f"equivalent within {within}"
    elif contrast.margin_verdict == "no worse" and told != "better":
        found = f"no worse by more than {within}"
    else:
        return told
    return f"{told}, but {found}" if told else found
