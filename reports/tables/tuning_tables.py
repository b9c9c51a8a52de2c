"""What was tuned, as tables: what each variant chose, every candidate, and all variants at one
level. No torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ablations.results.columns import DataColumn, difference_columns, high, low, top1_columns
from ablations.results.tuning_result import Comparison, Tried, TuningResult, VariantTuning
from ablations.settings.setting import Level
from ablations.statistics.contrasts import Contrast
from ablations.statistics.estimate import Estimate
from ablations.study.all_settings import AXES
from ablations.study.grid import Candidate
from reports.names.level_names import axis_name, candidate_name, level_text
from reports.names.number_texts import difference_text, mean_text, with_n
from reports.tables.table import Column, Group, Table

CHOICES = (
    "On the validation split, over the seeds of the tuning; ± is half a 95 % interval (Student’s "
    "t). What was chosen by this Top-1 tends to do better here than elsewhere: it is no result"
)
ONE_LEVEL = (
    "On the validation split, over the seeds of the tuning; ± is half a 95 % interval (Student’s "
    "t), in brackets the number of pairs. Choices were made on these images: it is no result"
)
BY = "by the mean Top-1 on the validation split"

Found = TypeVar("Found")
Value = TypeVar("Value")

Names = Mapping[str, str]
"""Variant -> how tables write it."""


@dataclass(frozen=True)
class Row:
    """A candidate of a variant."""

    variant: VariantTuning
    tried: Tried

    @property
    def chosen(self) -> bool:
        return self.tried is self.variant.chosen


def choice_table(
    tuning: TuningResult, heading: str, names: Names, measured: str
) -> Table[VariantTuning]:
    """A row for each variant: what it chose, by what, and what came next.

    Args:
        tuning: Tuning of the study.
        heading: Heading of the variants.
        names: Names of the variants.
        measured: What the accuracies belong to.
    """
    group = Group("Validation", measured)
    columns: list[Column[VariantTuning]] = [
        Column(heading, lambda v: names[v.name], numeric=False),
        *(
            _level_column(name, lambda v: v.chosen, Group("Chosen", BY))
            for name in tuning.grid.levels
        ),
        Column(
            "Top-1 (%), mean ± 95 % (seeds)",
            lambda v: _from(v.chosen, lambda one: with_n(mean_text(one.top1), one.top1)),
            group,
            lambda v: _from(v.chosen, lambda one: one.top1.mean),
        ),
        Column(
            "next best",
            lambda v: _from(v.runner_up, lambda one: candidate_name(one.levels)),
            group,
            numeric=False,
            paper=False,
        ),
        Column(
            "ahead of it by (points), ± 95 % (pairs)",
            lambda v: _from(v.lead, lambda lead: with_n(difference_text(lead), lead)),
            group,
            lambda v: _from(v.lead, lambda lead: lead.mean),
        ),
        Column("edge of the grid", _edge_text, group, numeric=False, paper=False),
    ]
    return Table(
        "What was chosen",
        tuple(columns),
        _choice_csv(tuning),
        tuning.variants,
        lambda variant: variant.name == tuning.study.baseline,
        CHOICES,
    )


def _from(found: Found | None, value: Callable[[Found], Value | None]) -> Value | None:
    return None if found is None else value(found)


def _edge_text(variant: VariantTuning) -> str | None:
    return ", ".join(axis_name(name) for name, _ in variant.edges) or None


def _level_column(
    name: str, of: Callable[[VariantTuning], Tried | None], group: Group | None
) -> Column[VariantTuning]:
    def text(variant: VariantTuning) -> str | None:
        level = _level(of(variant), name)
        return None if level is None else level_text(name, str(level))

    def number(variant: VariantTuning) -> float | None:
        level = _level(of(variant), name)
        return None if level is None else AXES[name].place(str(level))

    return Column(AXES[name].heading, text, group, number)


def _level(tried: Tried | None, name: str) -> Level | None:
    return None if tried is None else dict(tried.levels)[name]


def _choice_csv(tuning: TuningResult) -> tuple[DataColumn[VariantTuning], ...]:
    """variant, baseline; chosen_ and next_ each tuned setting; Top-1 (percent) on validation of
    what was chosen, with its 95 % t interval and seeds; lead (points, chosen minus next) with its
    interval and pairs; edges: settings whose choice lies at the edge of the grid."""
    nothing = Estimate.of(())
    return (
        DataColumn("variant", lambda v: v.name),
        DataColumn("baseline", lambda v: v.name == tuning.study.baseline),
        *(_level_csv("chosen", name, lambda v: v.chosen) for name in tuning.grid.levels),
        *top1_columns(lambda v: nothing if v.chosen is None else v.chosen.top1),
        DataColumn("seeds", lambda v: _from(v.chosen, lambda one: one.top1.n)),
        *(_level_csv("next", name, lambda v: v.runner_up) for name in tuning.grid.levels),
        DataColumn("lead", lambda v: _from(v.lead, lambda lead: lead.mean)),
        DataColumn("lead_low", lambda v: _from(v.lead, low)),
        DataColumn("lead_high", lambda v: _from(v.lead, high)),
        DataColumn("pairs", lambda v: _from(v.lead, lambda lead: lead.n)),
        DataColumn("edges", lambda v: " ".join(name for name, _ in v.edges)),
    )


def _level_csv(
    before: str, name: str, of: Callable[[VariantTuning], Tried | None]
) -> DataColumn[VariantTuning]:
    return DataColumn(f"{before}_{name}", lambda v: _level(of(v), name))


def candidate_table(tuning: TuningResult, heading: str, names: Names, measured: str) -> Table[Row]:
    """A row for each candidate of each variant; arguments: as those of `choice_table`."""
    group = Group("Validation", measured)
    columns: list[Column[Row]] = [
        Column(heading, lambda r: names[r.variant.name], numeric=False),
        *(_row_column(name) for name in tuning.grid.levels),
        Column(
            "Top-1 (%), mean ± 95 % (seeds)",
            lambda r: with_n(mean_text(r.tried.top1), r.tried.top1),
            group,
            lambda r: r.tried.top1.mean,
        ),
        Column("failed", lambda r: str(r.tried.failed), group, lambda r: r.tried.failed),
        Column("chosen", lambda r: "yes" if r.chosen else None, numeric=False),
    ]
    rows = [Row(variant, tried) for variant in tuning.variants for tried in variant.tried]
    return Table(
        "Every candidate", tuple(columns), _row_csv(tuning), rows, lambda row: False, CHOICES
    )


def _row_column(name: str) -> Column[Row]:
    return Column(
        AXES[name].heading,
        lambda r: level_text(name, str(dict(r.tried.levels)[name])),
        number=lambda r: AXES[name].place(str(dict(r.tried.levels)[name])),
    )


def _row_csv(tuning: TuningResult) -> tuple[DataColumn[Row], ...]:
    """variant; baseline: whether it is the baseline; each tuned setting; chosen; Top-1 (percent) on
    validation with its 95 % t interval; seeds that finished, and trials that failed; seconds of all
    its trials."""
    return (
        DataColumn("variant", lambda r: r.variant.name),
        DataColumn("baseline", lambda r: r.variant.name == tuning.study.baseline),
        *(_row_level(name) for name in tuning.grid.levels),
        DataColumn("chosen", lambda r: r.chosen),
        *top1_columns(lambda r: r.tried.top1),
        DataColumn("seeds", lambda r: r.tried.top1.n),
        DataColumn("failed", lambda r: r.tried.failed),
        DataColumn("seconds", lambda r: sum(trial.seconds for trial in r.tried.trials)),
    )


def _row_level(name: str) -> DataColumn[Row]:
    return DataColumn(name, lambda r: dict(r.tried.levels)[name])


def one_level_table(tuning: TuningResult, heading: str, names: Names, measured: str) -> Table[str]:
    """A row for each variant but the baseline: its difference to the baseline where each has its
    own choice, and where all have the same, for each candidate, the best on average first.

    Arguments: as those of `choice_table`.
    """
    group = Group("Validation", f"Top-1 − {names[tuning.study.baseline]} (points), {measured}")
    common = sorted(tuning.untuned, key=lambda comparison: comparison.levels != tuning.common)
    columns: list[Column[str]] = [
        Column(heading, lambda name: names[name], numeric=False),
        _difference_column("each its own", tuning.own, group, paper=True),
        *(
            _difference_column(_for_all(found.levels, tuning), found, group, place == 0)
            for place, found in enumerate(common)
        ),
    ]
    csv: list[DataColumn[str]] = [
        DataColumn("variant", lambda name: name),
        DataColumn("baseline", lambda name: False),
        *_renamed("own", tuning.own),
    ]
    for found in tuning.untuned:
        csv += _renamed("_".join(f"{k}_{level}" for k, level in found.levels or ()), found)
    return Table(
        "At one level for all",
        tuple(columns),
        tuple(csv),
        [*tuning.own.contrasts],
        lambda name: False,
        ONE_LEVEL,
    )


def _for_all(levels: Candidate | None, tuning: TuningResult) -> str:
    best = " (best on average)" * (levels == tuning.common)
    return f"{candidate_name(levels or ())} for all{best}"


def _difference_column(
    heading: str, comparison: Comparison, group: Group, paper: bool
) -> Column[str]:
    def of(name: str) -> Estimate:
        return comparison.contrasts[name].difference

    return Column(
        heading,
        lambda name: with_n(difference_text(of(name)), of(name)),
        group,
        lambda name: of(name).mean,
        paper=paper,
    )


def _renamed(what: str, comparison: Comparison) -> list[DataColumn[str]]:
    """Return `difference_columns` with `what` before their names."""

    def of(name: str) -> Contrast:
        return comparison.contrasts[name]

    return [DataColumn(f"{what}_{one.name}", one.value) for one in difference_columns(of)]
