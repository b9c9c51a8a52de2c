"""Dunnett's simultaneous intervals in a sentence, beside the verdict. No torch."""

from collections.abc import Callable, Sequence

from ablations.statistics.dunnett import Simultaneous
from reports.names.number_texts import seeds_text, signed
from reports.words.axis_words import listed


def dunnett_words(found: Sequence[Simultaneous], label: Callable[[str], str]) -> list[str]:
    """One sentence; none where there are no intervals.

    Args:
        found: Intervals of a study.
        label: Variant -> its label.
    """
    if not found:
        return []
    intervals = "; ".join(f"{label(one.name)} {_interval(one)}" for one in found)
    apart = [label(one.name) for one in found if one.excludes_zero]
    outcome = f"zero is outside for {listed(apart)}" if apart else "zero is inside all of them"
    if len(found) == 1:
        outcome = "zero is outside" if apart else "zero is inside"
    return [
        f"A second reading, Dunnett’s simultaneous 95 % intervals against "
        f"{label(found[0].baseline)} (noise taken as normal and alike in all variants, over the "
        f"{seeds_text(found[0].seeds)} that all finished), in points: {intervals}; {outcome}. The "
        "verdict is not this one but that of the sign flips, Holm-corrected."
    ]


def _interval(one: Simultaneous) -> str:
    return f"{signed(one.difference)} ± {one.interval[1] - one.difference:.1f}"
