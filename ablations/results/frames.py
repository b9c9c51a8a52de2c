"""Results as tidy pandas data frames: one row for each observation, numbers unrounded. No torch."""

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import pandas as pd

from ablations.costs.conventions import ABLATION, ENVELOPE
from ablations.costs.formulas import MAC_TERMS
from ablations.results.tuning_result import TuningResult
from ablations.results.variant_result import VariantResult
from ablations.statistics.contrasts import Contrast
from ablations.statistics.estimate import Estimate

Named = Iterable[tuple[str, VariantResult]]
"""The name of a study and one of its variants, for all of them."""

Row = dict[Hashable, Any]

_ACCURACY = ["study", "variant", "seed", "top1", "failure", "trained_params", "trained_macs"]
_TUNING = ["study", "variant", "seed", "top1", "failure", "chosen"]
_CONTRASTS = ["study", "variant", "baseline", "pairs", "difference", "difference_low",
              "difference_high", "p", "adjusted_p", "verdict"]  # fmt: skip
_MARGIN = ["margin", "no_worse_p", "adjusted_no_worse_p", "equivalent_p", "adjusted_equivalent_p",
           "margin_verdict"]  # fmt: skip
_COSTS = ["study", "variant", "params", *MAC_TERMS, "rest", "macs", "flops_ablation_convention",
          "flops_envelope_convention", "verified", "proof"]  # fmt: skip
_SUMMARY = ["study", "variant", "params", "macs", "top1_mean", "top1_low", "top1_high", "seeds",
            "difference", "difference_low", "difference_high", "adjusted_p", "verdict"]  # fmt: skip


def accuracy_frame(variants: Named) -> pd.DataFrame:
    """One row for each trial, see `Results.accuracy`."""
    rows = [
        {
            **named,
            "seed": trial.seed,
            "top1": trial.top1,
            "failure": trial.failure,
            "trained_params": variant.trained_params,
            "trained_macs": variant.trained_macs,
        }
        for named, variant in _rows(variants)
        for trial in variant.trials
    ]
    return pd.DataFrame(rows, columns=_ACCURACY).astype({"top1": float})


def tuning_frame(studies: Iterable[tuple[str, TuningResult]]) -> pd.DataFrame:
    """One row for each trial of the tuning, see `Results.tuning`."""
    rows: list[Row] = [
        {
            "study": study,
            "variant": variant.name,
            **dict(tried.levels),
            "seed": trial.seed,
            "top1": trial.top1,
            "failure": trial.failure,
            "chosen": tried is variant.chosen,
        }
        for study, tuning in studies
        for variant in tuning.variants
        for tried in variant.tried
        for trial in tried.trials
    ]
    settings = dict.fromkeys(name for row in rows for name in row if name not in _TUNING)
    columns = [*_TUNING[:2], *settings, *_TUNING[2:]]
    return pd.DataFrame(rows, columns=columns).astype({"top1": float})


def contrast_frame(variants: Named) -> pd.DataFrame:
    """One row for each variant but the baselines, see `Results.contrasts`."""
    rows = [
        named | {"baseline": variant.contrast.baseline} | _contrast(variant)
        for named, variant in _rows(variants)
        if variant.contrast is not None
    ]
    held = any("margin" in row for row in rows)
    return pd.DataFrame(rows, columns=[*_CONTRASTS, *(_MARGIN if held else [])])


def cost_frame(variants: Named) -> pd.DataFrame:
    """One row for each variant, see `Results.costs`."""
    rows = [
        {
            **named,
            "params": variant.params,
            **variant.macs_by_term,
            "macs": variant.macs,
            "flops_ablation_convention": variant.flops(ABLATION),
            "flops_envelope_convention": variant.flops(ENVELOPE),
            "verified": variant.proof.verified,
            "proof": variant.proven_by,
        }
        for named, variant in _rows(variants)
    ]
    return pd.DataFrame(rows, columns=_COSTS)


def summary_frame(variants: Named) -> pd.DataFrame:
    """One row for each variant.

    Returns:
        study, variant; params and macs as in `Results.costs`; top1_mean (percent), over so many
        seeds; top1_low, top1_high: its 95 % t interval; the contrast as in `Results.contrasts`.
    """
    rows = [
        {
            **named,
            "params": variant.params,
            "macs": variant.macs,
            **_estimate("top1", variant.top1),
            "top1_mean": variant.top1.mean,
            "seeds": variant.top1.n,
            **_contrast(variant),
        }
        for named, variant in _rows(variants)
    ]
    return pd.DataFrame(rows, columns=_SUMMARY)


def _rows(variants: Named) -> Iterator[tuple[Row, VariantResult]]:
    for study, variant in variants:
        yield {"study": study, "variant": variant.name}, variant


def _contrast(variant: VariantResult) -> Row:
    contrast = variant.contrast
    if contrast is None:
        return {}
    return {
        "pairs": contrast.difference.n,
        "difference": contrast.difference.mean,
        **_estimate("difference", contrast.difference),
        "p": contrast.p,
        "adjusted_p": contrast.adjusted_p,
        "verdict": contrast.verdict,
        **_within(contrast),
    }


def _within(contrast: Contrast) -> Row:
    within = contrast.within
    if within is None:
        return {}
    return {
        "margin": within.margin,
        "no_worse_p": within.no_worse_p,
        "adjusted_no_worse_p": within.adjusted_no_worse_p,
        "equivalent_p": within.equivalent_p,
        "adjusted_equivalent_p": within.adjusted_equivalent_p,
        "margin_verdict": contrast.margin_verdict,
    }


def _estimate(name: str, estimate: Estimate) -> Row:
    low, high = estimate.interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}
