"""The columns of a study's CSV file. No torch."""

from collections.abc import Callable

from ablations.results.columns import (
    COST_COLUMNS,
    MARGIN_COLUMNS,
    TRAINED_COLUMNS,
    DataColumn,
    VariantColumns,
    column_of,
    contrast_columns,
    contrast_of,
    top1_columns,
)
from ablations.results.study_result import StudyResult
from ablations.results.variant_result import Rate, VariantResult
from ablations.statistics.dunnett import Simultaneous

_PUBLISHED_COLUMNS: VariantColumns = (
    column_of(lambda v: v.proof.published, "published_params_m", lambda p: p.params_m),
    column_of(lambda v: v.proof.published, "published_flops_g", lambda p: p.flops_g),
    column_of(lambda v: v.proof.published, "published_top1_percent", lambda p: p.top1_percent),
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
        column_of(of, name, lambda rate: rate.median),
        column_of(of, f"{name}_low", lambda rate: rate.quartiles[0]),
        column_of(of, f"{name}_high", lambda rate: rate.quartiles[1]),
    )


def _dunnett_columns(result: StudyResult) -> VariantColumns:
    """Return dunnett_low and dunnett_high, the simultaneous 95 % interval of the difference over
    the dunnett_seeds that all variants finished, and dunnett_p, adjusted for all at once."""
    found = {one.name: one for one in result.dunnett}

    def of(variant: VariantResult) -> Simultaneous | None:
        return found.get(variant.name)

    return (
        column_of(of, "dunnett_seeds", lambda one: one.seeds),
        column_of(of, "dunnett_low", lambda one: one.interval[0]),
        column_of(of, "dunnett_high", lambda one: one.interval[1]),
        column_of(of, "dunnett_p", lambda one: one.p),
    )
