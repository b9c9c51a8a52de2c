"""Some trials by name, in a line of text."""

from collections.abc import Sequence

from ablations.records.trial_record import TrialRecord
from reports.screen.progress import trial_name

NAMED = 3
"""Trials that are named at most."""


def trial_list(records: Sequence[TrialRecord]) -> str:
    """The first of them, and whether there are more."""
    named = [trial_name(record.variant, record.seed) for record in records[:NAMED]]
    return "; ".join(named + ["..."] * (len(records) > NAMED))
