"""What a study's table lacks, and why: nothing missing is averaged away in silence."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from reports.tables.study_table import Table


def table_gaps(labels: Mapping[str, str], table: Table) -> Iterator[str]:
    """One sentence for each variant and each kind of cell that is missing or stands on less.

    labels: variant -> how it is written.
    """
    keys = {column.key for column in table.columns}
    for record in table.frame.to_dict("records"):
        for gap in (*_published(record, keys), *_measured(record, keys)):
            yield f"{labels[record['value']]}: {gap}"


def _published(record: Mapping[Hashable, Any], keys: set[str]) -> Iterator[str]:
    if "published_params_m" in keys and pd.isna(record["published_params_m"]):
        yield "no published figures, the paper’s tables have no such row."


def _measured(record: Mapping[Hashable, Any], keys: set[str]) -> Iterator[str]:
    if "top1_mean" not in keys:
        return
    if not pd.isna(record["timing_failure"]):
        yield f"no speed and memory: {record['timing_failure']}"
    if pd.isna(record["top1_mean"]):
        yield f"no Top-1, all {record['failed']:.0f} trials failed."
        return
    if record["failed"] > 0:
        trials = record["seeds"] + record["failed"]
        yield f"Top-1 over {record['seeds']:.0f} of {trials:.0f} seeds, the others failed."
    if pd.isna(record["top1_high"]):
        few = record["seeds"] < 2
        yield f"no interval, {'there is one seed' if few else 'all seeds gave the same Top-1'}."
    if not record["baseline"] and pd.isna(record["pairs"]):
        yield "no difference to the baseline, which is judged on another data set."
    elif not record["baseline"] and not record["pairs"] > 0:
        yield "no difference to the baseline, no seed finished with both."
    elif not record["baseline"] and record["pairs"] < record["seeds"]:
        pairs = f"{record['pairs']:.0f} pair{'s' * (record['pairs'] != 1)}"
        yield f"{pairs}, the baseline failed at the other seeds."
