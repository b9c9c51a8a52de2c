"""The columns of results, for CSV files and data frames alike. No torch.

A column is defined once: its name, and its value for one row. To add one, such as "seconds" of a
variant, append `DataColumn("seconds", lambda v: ...)` to the list in `study_columns.py`; for the
data frame, add it to the columns of `frames.py`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ablations.costs.conventions import ABLATION, ENVELOPE
from ablations.costs.formulas import MAC_TERMS
from ablations.results.variant_result import VariantResult
from ablations.statistics.contrasts import Contrast
from ablations.statistics.equivalence import WithinMargin
from ablations.statistics.estimate import Estimate

Item = TypeVar("Item")
"""What a row is about: a variant, a trial, an average, an interaction."""

Found = TypeVar("Found")


@dataclass(frozen=True)
class DataColumn(Generic[Item]):
    """A column for programs. value: unrounded; None if a row has none."""

    name: str
    value: Callable[[Item], object]


Columns = tuple[DataColumn[Item], ...]
VariantColumns = tuple[DataColumn[VariantResult], ...]


def row(columns: Iterable[DataColumn[Item]], item: Item) -> dict[str, object]:
    """Return the values of one row by column."""
    return {column.name: column.value(item) for column in columns}


def column_of(
    of: Callable[[Item], Found | None], name: str, value: Callable[[Found], object]
) -> DataColumn[Item]:
    """Return a column of a part of the item, empty if it lacks that part."""

    def found(item: Item) -> object:
        part = of(item)
        return None if part is None else value(part)

    return DataColumn(name, found)


def low(estimate: Estimate) -> float | None:
    """Return the lower end of the interval."""
    return None if estimate.interval is None else estimate.interval[0]


def high(estimate: Estimate) -> float | None:
    """Return the upper end of the interval."""
    return None if estimate.interval is None else estimate.interval[1]


def top1_columns(of: Callable[[Item], Estimate]) -> Columns[Item]:
    """Return top1_mean (percent) and its 95 % t interval, top1_low and top1_high."""
    return (
        DataColumn("top1_mean", lambda item: of(item).mean),
        DataColumn("top1_low", lambda item: low(of(item))),
        DataColumn("top1_high", lambda item: high(of(item))),
    )


def difference_columns(of: Callable[[Item], Contrast | None]) -> Columns[Item]:
    """Return pairs (seeds that finished with both), difference (points of Top-1) and its 95 % t
    interval, difference_low and difference_high."""
    return (
        column_of(of, "pairs", lambda c: c.difference.n),
        column_of(of, "difference", lambda c: c.difference.mean),
        column_of(of, "difference_low", lambda c: low(c.difference)),
        column_of(of, "difference_high", lambda c: high(c.difference)),
    )


def contrast_columns(
    of: Callable[[Item], Contrast | None],
    words: Callable[[Contrast], str] = lambda contrast: contrast.verdict,
) -> Columns[Item]:
    """Return those of `difference_columns`, p of the sign-flip test, adjusted_p (Holm-corrected
    over what is compared together), and verdict, in `words`."""
    return (
        *difference_columns(of),
        column_of(of, "p", lambda c: c.p),
        column_of(of, "adjusted_p", lambda c: c.adjusted_p),
        column_of(of, "verdict", words),
    )


def contrast_of(variant: VariantResult) -> Contrast | None:
    """Return the contrast of a variant with the baseline."""
    return variant.contrast


def _within(variant: VariantResult) -> WithinMargin | None:
    return None if variant.contrast is None else variant.contrast.within


MARGIN_COLUMNS: VariantColumns = (
    column_of(_within, "margin", lambda within: within.margin),
    column_of(_within, "no_worse_p", lambda within: within.no_worse_p),
    column_of(_within, "adjusted_no_worse_p", lambda within: within.adjusted_no_worse_p),
    column_of(_within, "equivalent_p", lambda within: within.equivalent_p),
    column_of(_within, "adjusted_equivalent_p", lambda within: within.adjusted_equivalent_p),
    column_of(contrast_of, "margin_verdict", lambda contrast: contrast.margin_verdict),
)
"""margin (points); p of "worse by at least the margin", and the larger one of that and of "better
by at least the margin", both also Holm-corrected; the verdict."""

COST_COLUMNS: VariantColumns = (
    DataColumn("params", lambda v: v.params),
    *(
        DataColumn(term, lambda v, term=term: v.macs_by_term[term])  # type: ignore[misc]
        for term in (*MAC_TERMS, "rest")
    ),
    DataColumn("macs", lambda v: v.macs),
    DataColumn("flops_ablation_convention", lambda v: v.flops(ABLATION)),
    DataColumn("flops_envelope_convention", lambda v: v.flops(ENVELOPE)),
    DataColumn("verified", lambda v: v.proof.verified),
    DataColumn("proof", lambda v: v.proven_by),
)
"""Parameters; multiply-accumulates of one image by term of the closed form, rest, and macs, their
sum; FLOPs as the paper's tables and its accuracy-cost figures count them; whether all counts agree,
and by which counters."""

TRAINED_COLUMNS: VariantColumns = (
    DataColumn("trained_params", lambda v: v.trained_params),
    DataColumn("trained_macs", lambda v: v.trained_macs),
)
"""Parameters and multiply-accumulates of the network that was trained."""
