"""Results as tidy pandas data frames: one row per observation, numbers unrounded. No torch."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from ablations.results.columns import (
    COST_COLUMNS,
    MARGIN_COLUMNS,
    TRAINED_COLUMNS,
    DataColumn,
    contrast_columns,
    contrast_of,
    row,
    top1_columns,
)
from ablations.results.tuning_result import TuningResult
from ablations.results.variant_result import VariantResult

Named = Iterable[tuple[str, VariantResult]]
"""Each variant with the name of its study."""

Row = Mapping[str, object]

_TRIAL = ["seed", "top1", "failure"]
_CONTRAST_COLUMNS = (
    DataColumn[VariantResult]("baseline", lambda v: v.contrast and v.contrast.baseline),
    *contrast_columns(contrast_of),
)
_SUMMARY_COLUMNS = (
    *(column for column in COST_COLUMNS if column.name in ("params", "macs")),
    *top1_columns(lambda v: v.top1),
    DataColumn[VariantResult]("seeds", lambda v: v.top1.n),
    *(column for column in contrast_columns(contrast_of) if column.name not in ("pairs", "p")),
)


def accuracy_frame(variants: Named) -> pd.DataFrame:
    """Return one row per trial; see `Results.accuracy`."""
    rows = [
        {
            "study": study,
            "variant": variant.name,
            **{name: getattr(trial, name) for name in _TRIAL},
            **row(TRAINED_COLUMNS, variant),
        }
        for study, variant in variants
        for trial in variant.trials
    ]
    names = ["study", "variant", *_TRIAL, *(column.name for column in TRAINED_COLUMNS)]
    return pd.DataFrame(rows, columns=names).astype({"top1": float})


def tuning_frame(studies: Iterable[tuple[str, TuningResult]]) -> pd.DataFrame:
    """Return one row per trial of the tuning; see `Results.tuning`."""
    rows: list[Row] = [
        {
            "study": study,
            "variant": variant.name,
            **dict(tried.levels),
            **{name: getattr(trial, name) for name in _TRIAL},
            "chosen": tried is variant.chosen,
        }
        for study, tuning in studies
        for variant in tuning.variants
        for tried in variant.tried
        for trial in tried.trials
    ]
    fixed = ["study", "variant", *_TRIAL, "chosen"]
    settings = dict.fromkeys(name for each in rows for name in each if name not in fixed)
    names = [*fixed[:2], *settings, *fixed[2:]]
    return pd.DataFrame(rows, columns=names).astype({"top1": float})


def contrast_frame(variants: Named) -> pd.DataFrame:
    """Return one row per variant except the baselines; see `Results.contrasts`."""
    compared = [named for named in variants if named[1].contrast is not None]
    held = any(variant.contrast and variant.contrast.within for _, variant in compared)
    return _frame(compared, [*_CONTRAST_COLUMNS, *(MARGIN_COLUMNS if held else ())])


def cost_frame(variants: Named) -> pd.DataFrame:
    """Return one row per variant; see `Results.costs`."""
    return _frame(variants, COST_COLUMNS)


def summary_frame(variants: Named) -> pd.DataFrame:
    """Return one row per variant.

    Returns:
        study, variant; params and macs as in `Results.costs`; top1_mean (percent), its 95 % t
        interval top1_low and top1_high, and the number of seeds; the contrast as in
        `Results.contrasts`.
    """
    return _frame(variants, _SUMMARY_COLUMNS)


def _frame(variants: Named, columns: Sequence[DataColumn[VariantResult]]) -> pd.DataFrame:
    rows = [
        {"study": study, "variant": variant.name, **row(columns, variant)}
        for study, variant in variants
    ]
    return pd.DataFrame(rows, columns=["study", "variant", *(column.name for column in columns)])
