"""The columns of a study's table that only a margin brings, and those of the second reading."""

from collections.abc import Callable

from ablations.results.study_result import StudyResult
from ablations.results.variant_result import VariantResult
from ablations.statistics.dunnett import Simultaneous
from ablations.statistics.equivalence import WithinMargin
from reports.names.number_texts import points_text
from reports.tables.table import Column, CsvColumn, Group

Csv = tuple[CsvColumn[VariantResult], ...]


def margin_columns(
    margin: float | None, group: Group, baseline: str
) -> tuple[Column[VariantResult], ...]:
    """What people read; none without a margin. baseline: how it is written."""
    if margin is None:
        return ()
    heading = f"against {baseline}, within {points_text(margin)}"
    return (
        Column(
            heading,
            lambda v: None if v.contrast is None else v.contrast.margin_verdict,
            group,
            numeric=False,
            paper=False,
        ),
    )


def margin_csv(margin: float | None) -> Csv:
    """margin (points); p of "worse by at least it", and the larger one of that and of "better by at
    least it", both Holm-corrected, too; margin_verdict. None without a margin."""
    if margin is None:
        return ()
    return (
        CsvColumn("margin", lambda v: _of(v, lambda within: within.margin)),
        CsvColumn("no_worse_p", lambda v: _of(v, lambda within: within.no_worse_p)),
        CsvColumn("adjusted_no_worse_p", lambda v: _of(v, lambda w: w.adjusted_no_worse_p)),
        CsvColumn("equivalent_p", lambda v: _of(v, lambda within: within.equivalent_p)),
        CsvColumn("adjusted_equivalent_p", lambda v: _of(v, lambda w: w.adjusted_equivalent_p)),
        CsvColumn("margin_verdict", lambda v: v.contrast and v.contrast.margin_verdict),
    )


def _of(variant: VariantResult, value: Callable[[WithinMargin], object]) -> object:
    within = None if variant.contrast is None else variant.contrast.within
    return None if within is None else value(within)


def dunnett_csv(result: StudyResult) -> Csv:
    """dunnett_low, dunnett_high: simultaneous 95 % interval of the difference over dunnett_seeds,
    those that all variants finished; dunnett_p: adjusted for all of them at once."""
    found = {one.name: one for one in result.dunnett}

    def column(name: str, value: Callable[[Simultaneous], object]) -> CsvColumn[VariantResult]:
        return CsvColumn(name, lambda v: value(found[v.name]) if v.name in found else None)

    return (
        column("dunnett_seeds", lambda one: one.seeds),
        column("dunnett_low", lambda one: one.interval[0]),
        column("dunnett_high", lambda one: one.interval[1]),
        column("dunnett_p", lambda one: one.p),
    )
