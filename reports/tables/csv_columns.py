"""The columns of CSV files that several tables share. No torch."""

from collections.abc import Callable

from ablations.statistics.contrasts import Contrast
from ablations.statistics.estimate import Estimate
from reports.tables.table import CsvColumn, Item


def low(estimate: Estimate) -> float | None:
    """The low end of the interval."""
    return None if estimate.interval is None else estimate.interval[0]


def high(estimate: Estimate) -> float | None:
    """The high end of the interval."""
    return None if estimate.interval is None else estimate.interval[1]


def top1_columns(of: Callable[[Item], Estimate]) -> tuple[CsvColumn[Item], ...]:
    """top1_mean (percent); top1_low, top1_high: its 95 % t interval."""
    return (
        CsvColumn("top1_mean", lambda item: of(item).mean),
        CsvColumn("top1_low", lambda item: low(of(item))),
        CsvColumn("top1_high", lambda item: high(of(item))),
    )


def difference_columns(
    of: Callable[[Item], Contrast | None],
) -> tuple[CsvColumn[Item], ...]:
    """pairs (seeds that finished with both); difference (points of Top-1); difference_low,
    difference_high: its 95 % t interval."""
    return (
        CsvColumn("pairs", lambda item: _from(of(item), lambda c: c.difference.n)),
        CsvColumn("difference", lambda item: _from(of(item), lambda c: c.difference.mean)),
        CsvColumn("difference_low", lambda item: _from(of(item), lambda c: low(c.difference))),
        CsvColumn("difference_high", lambda item: _from(of(item), lambda c: high(c.difference))),
    )


def contrast_columns(
    of: Callable[[Item], Contrast | None], words: Callable[[Contrast], str]
) -> tuple[CsvColumn[Item], ...]:
    """Those of `difference_columns`; p of the sign-flip test; adjusted_p, Holm-corrected over what
    is compared together; verdict, in `words`."""
    return (
        *difference_columns(of),
        CsvColumn("p", lambda item: _from(of(item), lambda c: c.p)),
        CsvColumn("adjusted_p", lambda item: _from(of(item), lambda c: c.adjusted_p)),
        CsvColumn("verdict", lambda item: _from(of(item), words)),
    )


def _from(contrast: Contrast | None, value: Callable[[Contrast], object]) -> object:
    return None if contrast is None else value(contrast)
