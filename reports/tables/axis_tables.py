"""Studies that cross axes, as tables and sentences: averages, and interactions. No torch.

How strong a word may be is decided in `ablations.statistics.contrasts`. Here "better" and "worse"
of an interaction become "more" and "less than the sum".
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from ablations.results.frames import contrast_record
from ablations.statistics.contrasts import Contrast
from ablations.statistics.factorial import Interaction, Marginal
from reports.tables.study_table import Column, Table, difference_text, mean_text, show, whole
from reports.words.verdict import conclusion, difference_words

Label = Callable[[str, str], str]
"""(axis, level) -> how the level is written."""

Heading = Callable[[str], str]
"""axis -> how the axis is written."""

MORE, LESS = "more than the sum", "less than the sum"

MARGINALS = (
    "Top-1 is averaged over a seed’s cells, then over seeds; ± is half a 95 % interval (Student’s "
    "t), in brackets the number of seeds that finished all cells of the level, or of both levels; "
    "p is adjusted after Holm over the levels of this axis"
)

INTERACTIONS = (
    "An interaction is what both levels together add to Top-1 beyond the sum of what each adds "
    "alone; ± is half a 95 % interval (Student’s t), in brackets the number of seeds that finished "
    "all cells it takes; p is adjusted after Holm over all interactions"
)

_CONTRASTED = ["pairs", "difference", "difference_low", "difference_high", "difference_bca_low",
               "difference_bca_high", "p", "adjusted_p", "verdict"]  # fmt: skip

_MARGINAL = ["axis", "value", "baseline", "cells", "top1_mean", "top1_low", "top1_high", "seeds",
             *_CONTRASTED]  # fmt: skip

_INTERACTION = ["value", "baseline", "axis_1", "level_1", "baseline_1", "axis_2", "level_2",
                "baseline_2", *_CONTRASTED]  # fmt: skip


def marginal_tables(
    marginals: Sequence[Marginal], label: Label, heading: Heading, measured: str
) -> list[Table]:
    """One table for each axis, a row for each level; measured: what the accuracies belong to.

    The frame: axis, value (the level), baseline (whether it is the baseline's), cells, seeds, Top-1
    (percent) and its interval, and the contrast with the baseline's level as in
    `frames.contrast_frame`.
    """
    return [
        _marginal_table(axis, _others(marginals, axis, heading), found, label, heading, measured)
        for axis, found in _by_axis(marginals).items()
    ]


def _by_axis(marginals: Sequence[Marginal]) -> dict[str, list[Marginal]]:
    found: dict[str, list[Marginal]] = {}
    for marginal in marginals:
        found.setdefault(marginal.axis, []).append(marginal)
    return found


def _others(marginals: Sequence[Marginal], axis: str, heading: Heading) -> str:
    return _listed([heading(other) for other in _by_axis(marginals) if other != axis])


def _listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _baseline(found: Sequence[Marginal]) -> str:
    """The level of an axis that has no contrast because the others are held against it."""
    return next(marginal.level for marginal in found if marginal.contrast is None)


def _marginal_table(
    axis: str,
    others: str,
    found: Sequence[Marginal],
    label: Label,
    heading: Heading,
    measured: str,
) -> Table:
    group = f"Measured: {measured}"
    places = {marginal.level: float(place) for place, marginal in enumerate(found)}
    columns = (
        Column(
            "value",
            "",
            heading(axis),
            show("value", lambda level: label(axis, level)),
            numeric=False,
            order=places.__getitem__,
        ),
        Column("cells", group, "cells", show("cells", whole)),
        Column("top1_mean", group, "Top-1 (%), mean ± 95 % (seeds)", mean_text),
        Column(
            "difference",
            group,
            f"Top-1 − {label(axis, _baseline(found))} (points), ± 95 % (pairs)",
            difference_text,
        ),
        _p_column(group),
        _words_column(group),
    )
    frame = pd.DataFrame([_marginal_record(marginal) for marginal in found], columns=_MARGINAL)
    return Table(f"{_capital(heading(axis))}, averaged over {others}", columns, frame, MARGINALS)


def _p_column(group: str) -> Column:
    return Column("adjusted_p", group, "adjusted p", show("adjusted_p", lambda p: f"{p:.2g}"))


def _words_column(group: str, paper: bool = True) -> Column:
    words = show("verdict", str)
    return Column("verdict", group, "in words", words, numeric=False, order=None, paper=paper)


def _marginal_record(marginal: Marginal) -> dict[Hashable, Any]:
    contrasted = {} if marginal.contrast is None else contrast_record(marginal.contrast)
    low, high = marginal.interval or (None, None)
    return contrasted | {
        "axis": marginal.axis,
        "value": marginal.level,
        "baseline": marginal.contrast is None,
        "cells": marginal.cells,
        "top1_mean": marginal.mean,
        "top1_low": low,
        "top1_high": high,
        "seeds": marginal.n,
    }


def interaction_table(
    interactions: Sequence[Interaction], label: Label, heading: Heading, measured: str
) -> Table:
    """A row for each interaction; measured: what the accuracies belong to.

    The frame: value (a name), both axes, the level and the baseline's level on each, and the
    interaction, points of Top-1, in the columns of the differences of `frames.contrast_frame`.
    """
    group = f"Measured: {measured}"
    one_pair = len({interaction.axes for interaction in interactions}) == 1
    columns = (
        _levels_column(interactions, label, heading, one_pair),
        Column("difference", group, "interaction (points), ± 95 % (seeds)", difference_text),
        _p_column(group),
        _words_column(group, paper=one_pair),
    )
    records = [_interaction_record(interaction) for interaction in interactions]
    frame = pd.DataFrame(records, columns=_INTERACTION)
    against = _listed([label(*level) for level in _baselines(interactions).items()])
    note = f"{INTERACTIONS}. The baseline is {against}" if interactions else INTERACTIONS
    return Table("Interactions", columns, frame, note)


def _levels_column(
    interactions: Sequence[Interaction], label: Label, heading: Heading, one_pair: bool
) -> Column:
    """Both levels; their axes stand in the heading, or where they are several in the cells."""

    def text(record: Mapping[Hashable, Any]) -> str:
        return " with ".join(
            label(record[axis], record[level])
            for axis, level in (("axis_1", "level_1"), ("axis_2", "level_2"))
        )

    name = " with ".join(map(heading, interactions[0].axes)) if one_pair else "levels"
    return Column("value", "", name, text, numeric=False, order=None)


def _interaction_record(interaction: Interaction) -> dict[Hashable, Any]:
    contrast = interaction.contrast
    record = contrast_record(contrast) | {
        "baseline": False,
        "verdict": {"better": MORE, "worse": LESS}.get(contrast.verdict, contrast.verdict),
    }
    for place in (0, 1):
        record[f"axis_{place + 1}"] = interaction.axes[place]
        record[f"level_{place + 1}"] = interaction.levels[place]
        record[f"baseline_{place + 1}"] = interaction.baseline[place]
    return record


def _baselines(interactions: Sequence[Interaction]) -> dict[str, str]:
    """Axis -> the baseline's level."""
    return {
        axis: level
        for interaction in interactions
        for axis, level in zip(interaction.axes, interaction.baseline, strict=True)
    }


def factorial_words(
    marginals: Sequence[Marginal],
    interactions: Sequence[Interaction],
    label: Label,
    heading: Heading,
) -> list[str]:
    """One sentence for each axis, one on interactions; none where there are none."""
    words = [
        _axis_words(axis, _others(marginals, axis, heading), found, label, heading)
        for axis, found in _by_axis(marginals).items()
    ]
    return [*words, _interaction_words(interactions, label, heading)] if interactions else words


def _axis_words(
    axis: str, others: str, found: Sequence[Marginal], label: Label, heading: Heading
) -> str:
    """What was found with its figures; what was not, by the reason."""
    found_so: dict[str, list[str]] = {}
    for marginal in found:
        if marginal.contrast is not None:
            told = _told(marginal.contrast)
            differs = f" differs by {difference_words(marginal.contrast)}" if told else ""
            levels = found_so.setdefault(conclusion(marginal.contrast), [])
            levels.append(label(axis, marginal.level) + differs)
    parts = [f"{_listed(levels)}: {reason}" for reason, levels in found_so.items()]
    lead = f"{_capital(heading(axis))}, averaged over {others}"
    return f"{lead}, against {label(axis, _baseline(found))}, in Top-1: {'; '.join(parts)}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _told(contrast: Contrast) -> bool:
    return contrast.verdict in ("better", "worse")


def _interaction_words(interactions: Sequence[Interaction], label: Label, heading: Heading) -> str:
    baselines = _baselines(interactions)
    axes = _listed([heading(axis) for axis in baselines])
    found = [interaction for interaction in interactions if _told(interaction.contrast)]
    if found:
        named = "; ".join(_found_words(interaction, label) for interaction in found)
        rest = len(interactions) - len(found)
        others = f"; of {rest} other pair{'s' * (rest != 1)} of levels it cannot be told" * bool(
            rest
        )
        against = _listed([label(*level) for level in baselines.items()])
        return (
            f"Interactions, against {against}: {named}{others}. Where axes interact, an "
            "average over one does not hold at each of its levels."
        )
    most = max((interaction.contrast for interaction in interactions), key=lambda c: c.n)
    if not most.n:
        return f"No seed finished the cells of any interaction of {axes}; nothing can be said."
    if all(interaction.contrast.verdict == "too few seeds" for interaction in interactions):
        return f"Whether the effects of {axes} add up: {conclusion(most)}."
    return f"No interaction of {axes} could be told. That does not mean that their effects add up."


def _found_words(interaction: Interaction, label: Label) -> str:
    levels = zip(interaction.axes, interaction.levels, strict=True)
    both = " with ".join(label(*level) for level in levels)
    told = conclusion(interaction.contrast, MORE, LESS)
    return f"{both} differs from the sum by {difference_words(interaction.contrast)}: {told}"
