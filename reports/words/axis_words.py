"""Studies that cross axes, in sentences: averages, and interactions. No torch.

How strong a word may be is decided in `ablations.statistics.contrasts`. Here "better" and "worse"
of an interaction become "more" and "less than the sum".
"""

from collections.abc import Callable, Sequence

from ablations.statistics.contrasts import Contrast
from ablations.statistics.factorial import Interaction, Marginal
from reports.words.verdict import conclusion, difference_words

Label = Callable[[str, str], str]
"""(axis, level) -> how the level is written."""

Heading = Callable[[str], str]
"""axis -> how the axis is written."""

MORE, LESS = "more than the sum", "less than the sum"


def by_axis(marginals: Sequence[Marginal]) -> dict[str, list[Marginal]]:
    """Axis -> its levels, in their order."""
    found: dict[str, list[Marginal]] = {}
    for marginal in marginals:
        found.setdefault(marginal.axis, []).append(marginal)
    return found


def baseline_level(found: Sequence[Marginal]) -> str:
    """The level of an axis that has no contrast because the others are held against it."""
    return next(marginal.level for marginal in found if marginal.contrast is None)


def baseline_levels(interactions: Sequence[Interaction]) -> dict[str, str]:
    """Axis -> the baseline's level."""
    return {
        axis: level
        for interaction in interactions
        for axis, level in zip(interaction.axes, interaction.baseline, strict=True)
    }


def averaged_over(marginals: Sequence[Marginal], axis: str, heading: Heading) -> str:
    """ "Kernel size, averaged over generator and depth"."""
    name = heading(axis)
    others = listed([heading(other) for other in by_axis(marginals) if other != axis])
    return f"{name[:1].upper()}{name[1:]}, averaged over {others}"


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def interaction_verdict(contrast: Contrast) -> str:
    """A verdict in the words of interactions."""
    return {"better": MORE, "worse": LESS}.get(contrast.verdict, contrast.verdict)


def factorial_words(
    marginals: Sequence[Marginal],
    interactions: Sequence[Interaction],
    label: Label,
    heading: Heading,
) -> list[str]:
    """One sentence for each axis, one on interactions; none where there are none."""
    words = [
        _axis_words(found, averaged_over(marginals, axis, heading), label)
        for axis, found in by_axis(marginals).items()
    ]
    return [*words, _interaction_words(interactions, label, heading)] if interactions else words


def _axis_words(found: Sequence[Marginal], lead: str, label: Label) -> str:
    """What was found with its figures; what was not, by the reason."""
    found_so: dict[str, list[str]] = {}
    for marginal in found:
        contrast = marginal.contrast
        if contrast is not None:
            differs = f" differs by {difference_words(contrast)}" if contrast.told else ""
            levels = found_so.setdefault(conclusion(contrast), [])
            levels.append(label(marginal.axis, marginal.level) + differs)
    parts = [f"{listed(levels)}: {reason}" for reason, levels in found_so.items()]
    against = label(found[0].axis, baseline_level(found))
    return f"{lead}, against {against}, in Top-1: {'; '.join(parts)}."


def _interaction_words(interactions: Sequence[Interaction], label: Label, heading: Heading) -> str:
    found = [interaction for interaction in interactions if interaction.contrast.told]
    if found:
        return _told_words(interactions, found, label)
    axes = listed([heading(axis) for axis in baseline_levels(interactions)])
    contrasts = [interaction.contrast for interaction in interactions]
    most = max(contrasts, key=lambda contrast: contrast.difference.n)
    if not most.difference.n:
        return f"No seed finished the cells of any interaction of {axes}; nothing can be said."
    if all(contrast.verdict == "too few seeds" for contrast in contrasts):
        return f"Whether the effects of {axes} add up: {conclusion(most)}."
    return f"No interaction of {axes} was shown. That does not mean that their effects add up."


def _told_words(
    interactions: Sequence[Interaction], found: Sequence[Interaction], label: Label
) -> str:
    against = listed([label(*level) for level in baseline_levels(interactions).items()])
    named = "; ".join(_found_words(interaction, label) for interaction in found)
    rest = len(interactions) - len(found)
    pairs = f"{rest} other pair{'s' * (rest != 1)} of levels"
    others = f"; {pairs}: inconclusive" if rest else ""
    return (
        f"Interactions, against {against}: {named}{others}. Where axes interact, an "
        "average over one does not hold at each of its levels."
    )


def _found_words(interaction: Interaction, label: Label) -> str:
    levels = zip(interaction.axes, interaction.levels, strict=True)
    both = " with ".join(label(*level) for level in levels)
    told = conclusion(interaction.contrast, MORE, LESS)
    return f"{both} differs from the sum by {difference_words(interaction.contrast)}: {told}"
