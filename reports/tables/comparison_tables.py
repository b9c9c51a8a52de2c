"""The tables of two runs beside each other: costs and accuracy. No torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ablations.results.columns import DataColumn, difference_columns, high
from ablations.statistics.contrasts import Contrast
from ablations.statistics.estimate import Estimate
from reports.names.number_texts import (
    difference_text,
    giga_macs,
    mean_text,
    millions,
    p_text,
    signed_count,
    with_n,
)
from reports.tables.study_table import INTERVALS
from reports.tables.table import Column, Group, Table


@dataclass(frozen=True)
class Costs:
    """Parameters and multiply-accumulates of a network."""

    params: int
    macs: int


@dataclass(frozen=True)
class CostChange:
    """What one variant costs in both runs."""

    name: str
    first: Costs
    second: Costs


@dataclass(frozen=True)
class AccuracyChange:
    """Top-1 (percent) of one variant in both runs, and the second against the first."""

    name: str
    first: Estimate
    second: Estimate
    contrast: Contrast


def cost_table(
    changes: Sequence[CostChange], first: Group, second: Group, change: str
) -> Table[CostChange]:
    """A row for each variant.

    Args:
        changes: Changes of the variants in both runs.
        first: What the costs of the first run belong to.
        second: The same of the second run.
        change: What the difference is called.
    """
    both = Group(change)
    columns = (
        _name_column(),
        *_cost_columns(first, lambda item: item.first),
        *_cost_columns(second, lambda item: item.second),
        _change_column("#Params", both, lambda costs: costs.params),
        _change_column("MACs", both, lambda costs: costs.macs),
    )
    return Table("Costs", columns, _cost_csv(), changes, lambda item: False)


def _name_column() -> Column:
    return Column("variant", lambda item: item.name, numeric=False)


def _cost_columns(
    group: Group, of: Callable[[CostChange], Costs]
) -> tuple[Column[CostChange], Column[CostChange]]:
    return (
        Column("#Params (M)", lambda i: millions(of(i).params), group, lambda i: of(i).params),
        Column("MACs (G)", lambda i: giga_macs(of(i).macs), group, lambda i: of(i).macs),
    )


def _change_column(heading: str, group: Group, count: Callable[[Costs], int]) -> Column[CostChange]:
    def change(item: CostChange) -> int:
        return count(item.second) - count(item.first)

    return Column(heading, lambda item: signed_count(change(item)), group, change)


def _cost_csv() -> tuple[DataColumn[CostChange], ...]:
    """variant; baseline: never; parameters and multiply-accumulates (one image) of both runs, and
    how they change from the first (a) to the second (b)."""
    return (
        DataColumn("variant", lambda i: i.name),
        DataColumn("baseline", lambda i: False),
        DataColumn("params_a", lambda i: i.first.params),
        DataColumn("params_b", lambda i: i.second.params),
        DataColumn("params_change", lambda i: i.second.params - i.first.params),
        DataColumn("macs_a", lambda i: i.first.macs),
        DataColumn("macs_b", lambda i: i.second.macs),
        DataColumn("macs_change", lambda i: i.second.macs - i.first.macs),
    )


def accuracy_table(
    changes: Sequence[AccuracyChange], first: Group, second: Group, change: str
) -> Table[AccuracyChange]:
    """A row for each variant; arguments: as those of `cost_table`, of accuracies."""
    columns: tuple[Column[AccuracyChange], ...] = (
        _name_column(),
        _mean_column(first, lambda item: item.first),
        _mean_column(second, lambda item: item.second),
        Column(
            f"{change} (points), ± 95 % (pairs)",
            change_text,
            number=lambda i: i.contrast.difference.mean,
        ),
        Column(
            "adjusted p",
            lambda i: None if i.contrast.adjusted_p is None else p_text(i.contrast.adjusted_p),
            number=lambda i: i.contrast.adjusted_p,
        ),
    )
    return Table("Top-1", columns, _accuracy_csv(), changes, lambda item: False, INTERVALS)


def _mean_column(group: Group, of: Callable[[AccuracyChange], Estimate]) -> Column[AccuracyChange]:
    return Column(
        "Top-1 (%), mean ± 95 % (seeds)",
        lambda item: with_n(mean_text(of(item)), of(item)),
        group,
        lambda item: of(item).mean,
    )


def change_text(item: AccuracyChange) -> str | None:
    """The difference with its interval and the number of pairs; None where there is no pair."""
    return with_n(difference_text(item.contrast.difference), item.contrast.difference)


def _accuracy_csv() -> tuple[DataColumn[AccuracyChange], ...]:
    """variant; baseline: never; the mean Top-1 (percent), the high end of its 95 % t interval and
    the seeds of the first run (a) and the second (b); the contrast between them."""
    return (
        DataColumn("variant", lambda i: i.name),
        DataColumn("baseline", lambda i: False),
        *_mean_csv("a", lambda i: i.first),
        *_mean_csv("b", lambda i: i.second),
        *difference_columns(lambda i: i.contrast),
        DataColumn("adjusted_p", lambda i: i.contrast.adjusted_p),
    )


def _mean_csv(
    run: str, of: Callable[[AccuracyChange], Estimate]
) -> tuple[DataColumn[AccuracyChange], ...]:
    return (
        DataColumn(f"top1_mean_{run}", lambda i: of(i).mean),
        DataColumn(f"top1_high_{run}", lambda i: high(of(i))),
        DataColumn(f"seeds_{run}", lambda i: of(i).n),
    )
