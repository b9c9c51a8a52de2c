"""The last lines of a run or merge: what failed or differs, and what to type next."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ablations.records.environments import origins
from ablations.records.folder import LOGS
from ablations.records.run_record import Run
from ablations.records.trial_record import TrialRecord
from ablations.run.merging import Merged
from reports.screen.progress import trial_name
from reports.screen.progress_state import RunProgress
from reports.words.origin_words import origin_words

NAMED = 3
"""Maximum trials that are named."""


def failure_lines(run: Run) -> Iterator[str]:
    """Yield how many trials failed, in total and by reason, with some names and logs."""
    if run.tuning_failures:
        yield f"{len(run.tuning_failures)} of {len(run.tuning)} tuning trials failed"
        yield from _reasons(run.tuning_failures)
    if run.failures:
        yield (
            f"{len(run.failures)} of {len(run.records)} trials failed: see the report, and "
            f"{run.settings.output / LOGS} for tracebacks"
        )
        yield from _reasons(run.failures)
    failed = [*run.tuning_failures, *run.failures]
    if not all(record.transient for record in failed):
        yield "  --retry-failed runs them again"


def _reasons(records: Sequence[TrialRecord]) -> Iterator[str]:
    reasons: dict[str, list[TrialRecord]] = {}
    for record in records:
        reasons.setdefault(record.failure or "", []).append(record)
    for reason, failed in reasons.items():
        log = f" [{failed[0].log}]" if failed[0].log else ""
        yield f"  {len(failed)} × {reason}: {trial_list(failed)}{log}"


def kept_words(progress: RunProgress, output: Path) -> str:
    """Return what a stopped run has kept."""
    if not progress.trials:
        return "no trial had started; the same command starts again"
    kept = f"{progress.ended} of {progress.trials} {progress.noun} are kept in {output}"
    if progress.paused:
        kept += f", {progress.paused} more as checkpoints"
    return f"{kept}; the same command resumes"


def merge_lines(merged: Merged) -> Iterator[str]:
    """Yield how many trials came from where, which of them differ, and what to type next."""
    run = merged.run
    output = run.settings.output
    taken = ", ".join(f"{count} from {folder}" for folder, count in merged.taken)
    tuning = f" and {len(run.tuning)} of its tuning" if run.tuning else ""
    yield f"{len(run.records)} of {run.wanted} trials{tuning}: {taken}"
    if merged.different:
        number = len(merged.different)
        have = "trial has" if number == 1 else "trials have"
        told = f"{number} {have} other numbers in another folder"
        yield f"{told}, and the folder named first counts: {trial_list(merged.different)}"
    yield from origin_words(origins([*run.tuning, *run.records]))[:1]
    yield f"involution-ablate report {output} renders it"


def trial_list(records: Sequence[TrialRecord]) -> str:
    """Return the names of the first trials, and whether there are more."""
    named = [trial_name(record.variant, record.seed) for record in records[:NAMED]]
    return "; ".join(named + ["..."] * (len(records) > NAMED))
