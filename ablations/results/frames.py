"""Records and proofs as tidy data frames: one row an observation, numbers unrounded."""

from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd

from ablations.costs.conventions import ABLATION, ENVELOPE, FULL
from ablations.costs.formulas import MAC_TERMS
from ablations.costs.proof import Row
from ablations.records.timing_record import TimingRecord
from ablations.records.trial_record import TrialRecord
from ablations.results.outcomes import study_contrasts
from ablations.statistics.contrasts import Contrast
from ablations.statistics.intervals import Interval, mean_interval
from ablations.study.study import Study

_CURVE = ["steps", "train_loss", "top1"]
_ACCURACY = ["value", "seed", "top1", "failure", "trained_params", "trained_macs"]


def accuracy_frame(study: Study, records: Sequence[TrialRecord]) -> pd.DataFrame:
    """value, seed, top1 (percent, NaN where the trial failed), failure, and the parameters and
    multiply-accumulates of the network that was trained; study order."""
    rows = [
        {
            "value": value,
            "seed": record.seed,
            "top1": float("nan") if record.top1 is None else record.top1,
            "failure": record.failure,
            "trained_params": record.costs["params"],
            "trained_macs": FULL.count(record.costs["operations"]),
        }
        for value, variant in study.variants.items()
        for record in records
        if record.variant == variant
    ]
    return pd.DataFrame(rows, columns=_ACCURACY)


def cost_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """value, params, MACs by term (MAC_TERMS, rest), their sum, FLOPs by the conventions of the
    ablation tables and of the accuracy-cost figures, verified, and by what."""
    return pd.DataFrame(
        {
            "value": row.value,
            "params": row.params,
            **row.fvcore_macs,
            "rest": row.macs - sum(row.fvcore_macs[term] for term in MAC_TERMS),
            "macs": FULL.count(row.operations),
            "flops_ablation_convention": ABLATION.count(row.operations),
            "flops_envelope_convention": ENVELOPE.count(row.operations),
            "verified": row.verified,
            "proof": "two counters" if row.variant.own_code else "closed form",
        }
        for row in rows
    )


def published_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """value, and the paper's figures as printed, missing where the paper has no such row."""
    return pd.DataFrame(
        {
            "value": row.value,
            "published_params_m": row.published.params_m if row.published else None,
            "published_flops_g": row.published.flops_g if row.published else None,
            "published_top1_percent": row.published.top1_percent if row.published else None,
        }
        for row in rows
    )


_CONTRASTED = ["value", "pairs", "difference", "difference_low", "difference_high",
               "difference_bca_low", "difference_bca_high", "p",
               "adjusted_p", "verdict"]  # fmt: skip


_TIMED = ["value", "train_rate", "train_rate_low", "train_rate_high", "inference_rate",
          "inference_rate_low", "inference_rate_high", "peak_mib", "timing_failure"]  # fmt: skip


def _low(interval: Interval | None) -> float | None:
    return None if interval is None else interval[0]


def _high(interval: Interval | None) -> float | None:
    return None if interval is None else interval[1]


def contrast_record(contrast: Contrast) -> dict[Hashable, Any]:
    """A contrast as a row: see `contrast_frame`."""
    return {
        "value": contrast.value,
        "pairs": contrast.n,
        "difference": contrast.mean,
        "difference_low": _low(contrast.t_interval),
        "difference_high": _high(contrast.t_interval),
        "difference_bca_low": _low(contrast.bca_interval),
        "difference_bca_high": _high(contrast.bca_interval),
        "p": contrast.p,
        "adjusted_p": contrast.adjusted_p,
        "verdict": contrast.verdict,
    }


def contrast_frame(study: Study, records: Sequence[TrialRecord]) -> pd.DataFrame:
    """value, and for all but the baseline: pairs, difference (points of Top-1, variant minus
    baseline), its 95 % interval by t and by a BCa bootstrap, p of the sign-flip test and adjusted
    over the study, verdict."""
    rows = [contrast_record(contrast) for contrast in study_contrasts(study, records).values()]
    return pd.DataFrame(rows, columns=_CONTRASTED)


_MEASURED = ["value", "top1_mean", "top1_low", "top1_high", "top1_sd", "seeds", "failed",
             "trained_params", "trained_macs"]  # fmt: skip


def measured_frame(study: Study, records: Sequence[TrialRecord]) -> pd.DataFrame:
    """value; over seeds the mean Top-1 (percent), its 95 % interval, sample standard deviation,
    number of finished and of failed trials; costs of the network that was trained."""
    rows = []
    for value, trials in accuracy_frame(study, records).groupby("value", sort=False):
        top1 = trials["top1"].dropna()
        interval = mean_interval(top1)
        rows.append(
            {
                "value": value,
                "top1_mean": top1.mean(),
                "top1_low": _low(interval),
                "top1_high": _high(interval),
                "top1_sd": top1.std(ddof=1),
                "seeds": len(top1),
                "failed": trials["failure"].count(),
                "trained_params": trials["trained_params"].iloc[0],
                "trained_macs": trials["trained_macs"].iloc[0],
            }
        )
    return pd.DataFrame(rows, columns=_MEASURED)


def curve_frame(study: Study, records: Sequence[TrialRecord]) -> pd.DataFrame:
    """value, seed, steps, train_loss, top1 (percent): a row for each point of a curve."""
    return pd.DataFrame(
        [
            {"value": value, "seed": record.seed, **{name: point[name] for name in _CURVE}}
            for value, variant in study.variants.items()
            for record in records
            if record.variant == variant
            for point in record.curve
        ],
        columns=["value", "seed", *_CURVE],
    )


def timing_frame(study: Study, timings: Sequence[TimingRecord]) -> pd.DataFrame:
    """value; images/s of a training step and of inference, median and quartiles, peak memory of
    training (MiB), missing where the measurement failed, and then the reason."""
    rows = [
        {
            "value": value,
            "train_rate": timing.training_images_per_second,
            "train_rate_low": _low(timing.training_quartiles),
            "train_rate_high": _high(timing.training_quartiles),
            "inference_rate": timing.inference_images_per_second,
            "inference_rate_low": _low(timing.inference_quartiles),
            "inference_rate_high": _high(timing.inference_quartiles),
            "peak_mib": None if timing.peak_bytes is None else timing.peak_bytes / 2**20,
            "timing_failure": timing.failure,
        }
        for value, variant in study.variants.items()
        for timing in timings
        if timing.variant == variant
    ]
    return pd.DataFrame(rows, columns=_TIMED)


def study_frame(
    study: Study,
    rows: Sequence[Row],
    records: Sequence[TrialRecord],
    timings: Sequence[TimingRecord],
) -> pd.DataFrame:
    """One row a variant: the frames of costs, published figures, accuracies, contrasts, timings."""
    frame = cost_frame(rows)
    frame["baseline"] = frame["value"] == study.baseline
    if len(study.axes) > 1:
        levels = zip(*study.levels.values(), strict=True)
        for place, (axis, found) in enumerate(zip(study.axes, levels, strict=True)):
            frame.insert(1 + place, axis, found)
    for more in (
        published_frame(rows),
        measured_frame(study, records),
        contrast_frame(study, records),
        timing_frame(study, timings),
    ):
        frame = frame.merge(more, on="value", how="left")
    return frame
