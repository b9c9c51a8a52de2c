"""Records and proofs as tidy data frames: one row an observation, numbers unrounded."""

from collections.abc import Sequence

import pandas as pd

from ablations.conventions import ABLATION, FULL
from ablations.formulas import MAC_TERMS
from ablations.published import ablation
from ablations.trials import TrialRecord
from ablations.variants import Study
from ablations.verify import Row

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
    """value, params, MACs by term (MAC_TERMS, rest), their sum, FLOPs by the ablation's
    convention, verified."""
    return pd.DataFrame(
        {
            "value": row.value,
            "params": row.params,
            **row.fvcore_macs,
            "rest": row.macs - sum(row.fvcore_macs[term] for term in MAC_TERMS),
            "macs": FULL.count(row.operations),
            "flops_ablation_convention": ABLATION.count(row.operations),
            "verified": row.verified,
        }
        for row in rows
    )


def published_frame(study: Study) -> pd.DataFrame:
    """value, and the paper's figures as printed, missing where the paper has no such row."""
    table = ablation()
    rows = []
    for value in study.variants:
        row = table.get((study.name, value))
        rows.append(
            {
                "value": value,
                "published_params_m": row.params_m if row else None,
                "published_flops_g": row.flops_g if row else None,
                "published_top1_percent": row.top1_percent if row else None,
            }
        )
    return pd.DataFrame(rows)


def study_frame(study: Study, rows: Sequence[Row], records: Sequence[TrialRecord]) -> pd.DataFrame:
    """One row a variant: costs of the cost model, published figures, and over seeds mean, sample
    standard deviation, number of finished and of failed trials, costs of the trained network."""
    frame = cost_frame(rows).merge(published_frame(study), on="value", how="left")
    accuracy = accuracy_frame(study, records).groupby("value", sort=False)
    measured = pd.DataFrame(
        {
            "top1_mean": accuracy["top1"].mean(),
            "top1_sd": accuracy["top1"].std(ddof=1),
            "seeds": accuracy["top1"].count(),
            "failed": accuracy["failure"].count(),
            "trained_params": accuracy["trained_params"].first(),
            "trained_macs": accuracy["trained_macs"].first(),
        }
    ).reset_index()
    return frame.merge(measured, on="value", how="left")
