"""Studies that cross axes, as tables: averages, and interactions. No torch."""

from collections.abc import Callable, Sequence

from ablations.results.columns import DataColumn, contrast_columns, top1_columns
from ablations.statistics.contrasts import Contrast
from ablations.statistics.factorial import Interaction, Marginal
from reports.names.number_texts import difference_text, mean_text, p_text, with_n
from reports.tables.table import Column, Group, Item, Table
from reports.words.axis_words import (
    Heading,
    Label,
    averaged_over,
    baseline_level,
    baseline_levels,
    by_axis,
    interaction_verdict,
    listed,
)

MARGINALS = (
    "Top-1 is averaged over a seed’s cells, then over seeds; ± is half a 95 % interval (Student’s "
    "t), in brackets the number of seeds that finished all cells of the level, or of both levels; "
    "p is Holm-corrected over the levels of this axis"
)

INTERACTIONS = (
    "An interaction is what both levels together add to Top-1 beyond the sum of what each adds "
    "alone; ± is half a 95 % interval (Student’s t), in brackets the number of seeds that finished "
    "all cells it takes; p is Holm-corrected over all interactions"
)


def marginal_tables(
    marginals: Sequence[Marginal], label: Label, heading: Heading, measured: str
) -> dict[str, Table[Marginal]]:
    """Axis -> its table, a row for each level; measured: what the accuracies belong to."""
    return {
        axis: Table(
            averaged_over(marginals, axis, heading),
            _marginal_columns(found, label, heading(axis), Group("Measured", measured)),
            _marginal_csv(),
            found,
            lambda marginal: marginal.contrast is None,
            MARGINALS,
        )
        for axis, found in by_axis(marginals).items()
    }


def _marginal_columns(
    found: Sequence[Marginal], label: Label, name: str, group: Group
) -> tuple[Column[Marginal], ...]:
    places = {marginal.level: place for place, marginal in enumerate(found)}
    baseline = label(found[0].axis, baseline_level(found))
    return (
        Column(
            name,
            lambda m: label(m.axis, m.level),
            number=lambda m: places[m.level],
            numeric=False,
        ),
        Column("cells", lambda m: str(m.cells), group, lambda m: m.cells),
        Column(
            "Top-1 (%), mean ± 95 % (seeds)",
            lambda m: with_n(mean_text(m.top1), m.top1),
            group,
            lambda m: m.top1.mean,
        ),
        *_contrast_columns(
            f"Top-1 − {baseline} (points), ± 95 % (pairs)",
            group,
            lambda m: m.contrast,
            lambda contrast: contrast.verdict,
        ),
    )


def _contrast_columns(
    heading: str,
    group: Group,
    of: Callable[[Item], Contrast | None],
    words: Callable[[Contrast], str],
    words_in_paper: bool = True,
) -> tuple[Column[Item], ...]:
    """The difference, its p and what it says."""

    def difference(item: Item) -> str | None:
        contrast = of(item)
        if contrast is None:
            return None
        return with_n(difference_text(contrast.difference), contrast.difference)

    def mean(item: Item) -> float | None:
        contrast = of(item)
        return None if contrast is None else contrast.difference.mean

    def p(item: Item) -> float | None:
        contrast = of(item)
        return None if contrast is None else contrast.adjusted_p

    def p_words(item: Item) -> str | None:
        found = p(item)
        return None if found is None else p_text(found)

    def verdict(item: Item) -> str | None:
        contrast = of(item)
        return None if contrast is None else words(contrast)

    return (
        Column(heading, difference, group, mean),
        Column("adjusted p", p_words, group, p),
        Column("in words", verdict, group, numeric=False, paper=words_in_paper),
    )


def _marginal_csv() -> tuple[DataColumn[Marginal], ...]:
    """axis, level; baseline: whether it is the baseline's; cells: how many are averaged; top1_mean
    (percent), its 95 % t interval and its seeds; the contrast with the baseline's level."""
    return (
        DataColumn("axis", lambda m: m.axis),
        DataColumn("level", lambda m: m.level),
        DataColumn("baseline", lambda m: m.contrast is None),
        DataColumn("cells", lambda m: m.cells),
        *top1_columns(lambda m: m.top1),
        DataColumn("seeds", lambda m: m.top1.n),
        *contrast_columns(lambda m: m.contrast, lambda contrast: contrast.verdict),
    )


def interaction_table(
    interactions: Sequence[Interaction], label: Label, heading: Heading, measured: str
) -> Table[Interaction]:
    """A row for each interaction; measured: what the accuracies belong to."""
    one_pair = len({interaction.axes for interaction in interactions}) == 1
    columns = (
        _levels_column(interactions, label, heading, one_pair),
        *_contrast_columns(
            "interaction (points), ± 95 % (seeds)",
            Group("Measured", measured),
            lambda interaction: interaction.contrast,
            interaction_verdict,
            words_in_paper=one_pair,
        ),
    )
    against = listed([label(*level) for level in baseline_levels(interactions).items()])
    note = f"{INTERACTIONS}. The baseline is {against}" if interactions else INTERACTIONS
    return Table(
        "Interactions", columns, _interaction_csv(), interactions, lambda interaction: False, note
    )


def _levels_column(
    interactions: Sequence[Interaction], label: Label, heading: Heading, one_pair: bool
) -> Column[Interaction]:
    """Both levels; their axes stand in the heading, or where they are several in the cells."""

    def text(interaction: Interaction) -> str:
        return " with ".join(map(label, interaction.axes, interaction.levels))

    name = " with ".join(map(heading, interactions[0].axes)) if one_pair else "levels"
    return Column(name, text, numeric=False)


def _interaction_csv() -> tuple[DataColumn[Interaction], ...]:
    """levels: both, with their axes; baseline: never; of both axes the name, the level and the
    baseline's level; the interaction (points of Top-1) as the difference of a contrast."""
    return (
        DataColumn("levels", lambda i: i.contrast.name),
        DataColumn("baseline", lambda i: False),
        *_axis_csv(0),
        *_axis_csv(1),
        *contrast_columns(lambda i: i.contrast, interaction_verdict),
    )


def _axis_csv(place: int) -> tuple[DataColumn[Interaction], ...]:
    return (
        DataColumn(f"axis_{place + 1}", lambda i: i.axes[place]),
        DataColumn(f"level_{place + 1}", lambda i: i.levels[place]),
        DataColumn(f"baseline_{place + 1}", lambda i: i.baseline[place]),
    )
