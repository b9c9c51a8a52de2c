"""The columns of results, for CSV files and data frames alike. No torch.

A column is defined once: its name, and its value for one row. To add one, such as "seconds" of a
variant, append `DataColumn("seconds", lambda v: ...)` to `study_columns`; for the data frame, add
it to the columns of `frames.py`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ablations.costs.conventions import ABLATION, ENVELOPE
from ablations.costs.formulas import MAC_TERMS
from ablations.results.study_result import StudyResult
from ablations.results.variant_result import Rate, VariantResult
from ablations.statistics.contrasts import Contrast
from ablations.statistics.dunnett import Simultaneous
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


def _of(
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
        _of(of, "pairs", lambda c: c.difference.n),
        _of(of, "difference", lambda c: c.difference.mean),
        _of(of, "difference_low", lambda c: low(c.difference)),
        _of(of, "difference_high", lambda c: high(c.difference)),
    )


def contrast_columns(
    of: Callable[[Item], Contrast | None],
    words: Callable[[Contrast], str] = lambda contrast: contrast.verdict,
) -> Columns[Item]:
    """Return those of `difference_columns`, p of the sign-flip test, adjusted_p (Holm-corrected
    over what is compared together), and verdict, in `words`."""
    return (
        *difference_columns(of),
        _of(of, "p", lambda c: c.p),
        _of(of, "adjusted_p", lambda c: c.adjusted_p),
        _of(of, "verdict", words),
    )


def contrast_of(variant: VariantResult) -> Contrast | None:
    """Return the contrast of a variant with the baseline."""
    return variant.contrast


def _within(variant: VariantResult) -> WithinMargin | None:
    return None if variant.contrast is None else variant.contrast.within


MARGIN_COLUMNS: VariantColumns = (
    _of(_within, "margin", lambda within: within.margin),
    _of(_within, "no_worse_p", lambda within: within.no_worse_p),
    _of(_within, "adjusted_no_worse_p", lambda within: within.adjusted_no_worse_p),
    _of(_within, "equivalent_p", lambda within: within.equivalent_p),
    _of(_within, "adjusted_equivalent_p", lambda within: within.adjusted_equivalent_p),
    _of(contrast_of, "margin_verdict", lambda contrast: contrast.margin_verdict),
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

_PUBLISHED_COLUMNS: VariantColumns = (
    _of(lambda v: v.proof.published, "published_params_m", lambda p: p.params_m),
    _of(lambda v: v.proof.published, "published_flops_g", lambda p: p.flops_g),
    _of(lambda v: v.proof.published, "published_top1_percent", lambda p: p.top1_percent),
)


def study_columns(result: StudyResult) -> VariantColumns:
    """Return the columns of a study's CSV file.

    variant; its level on each axis, if there are several; costs; baseline: whether it is the
    study's; published_*: as printed, empty without a published row; tuned_*: the chosen levels;
    top1_mean (percent), its 95 % t interval, top1_sd, seeds and failed trials; trained_*; the
    contrast with the baseline, the margin, Dunnett's intervals; *_rate: images a second of training
    steps and of inference, median and quartiles; peak_mib: memory of tensors in training;
    timing_failure: why it was not measured.
    """
    axes = result.study.axes if len(result.study.axes) > 1 else ()
    tuned = () if result.tuning is None else tuple(result.tuning.grid.levels)
    return (
        DataColumn("variant", lambda v: v.name),
        *(_level_column(place, axis) for place, axis in enumerate(axes)),
        *COST_COLUMNS,
        DataColumn("baseline", lambda v: v.is_baseline),
        *_PUBLISHED_COLUMNS,
        *map(_tuned_column, tuned),
        *top1_columns(lambda v: v.top1),
        DataColumn("top1_sd", lambda v: v.top1.sd),
        DataColumn("seeds", lambda v: v.top1.n if v.trials else None),
        DataColumn("failed", lambda v: v.failed if v.trials else None),
        *TRAINED_COLUMNS,
        *contrast_columns(contrast_of),
        *(() if result.margin is None else MARGIN_COLUMNS),
        *_dunnett_columns(result),
        *_rate_columns("train_rate", lambda v: v.training_rate),
        *_rate_columns("inference_rate", lambda v: v.inference_rate),
        DataColumn("peak_mib", lambda v: v.peak_mib),
        DataColumn("timing_failure", lambda v: v.timing_failure),
    )


def _level_column(place: int, axis: str) -> DataColumn[VariantResult]:
    return DataColumn(axis, lambda v: v.levels[place])


def _tuned_column(name: str) -> DataColumn[VariantResult]:
    return DataColumn(f"tuned_{name}", lambda v: dict(v.variant.training).get(name))


def _rate_columns(name: str, of: Callable[[VariantResult], Rate | None]) -> VariantColumns:
    return (
        _of(of, name, lambda rate: rate.median),
        _of(of, f"{name}_low", lambda rate: rate.quartiles[0]),
        _of(of, f"{name}_high", lambda rate: rate.quartiles[1]),
    )


def _dunnett_columns(result: StudyResult) -> VariantColumns:
    """Return dunnett_low and dunnett_high, the simultaneous 95 % interval of the difference over
    the dunnett_seeds that all variants finished, and dunnett_p, adjusted for all at once."""
    found = {one.name: one for one in result.dunnett}

    def of(variant: VariantResult) -> Simultaneous | None:
        return found.get(variant.name)

    return (
        _of(of, "dunnett_seeds", lambda one: one.seeds),
        _of(of, "dunnett_low", lambda one: one.interval[0]),
        _of(of, "dunnett_high", lambda one: one.interval[1]),
        _of(of, "dunnett_p", lambda one: one.p),
    )
