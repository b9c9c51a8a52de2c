"""How a run ended, for the end of standard error: what failed, and how to go on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ablations.records.folder import LOGS
from ablations.records.run_record import Run
from ablations.records.trial_record import TrialRecord
from reports.screen.progress_state import RunProgress
from reports.screen.trial_list import trial_list


def failure_lines(run: Run) -> Iterator[str]:
    """How many trials failed, and by reason how many, some of them and their logs."""
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
    """What a run that was stopped has kept."""
    if not progress.trials:
        return "no trial had begun; the same command begins again"
    kept = f"{progress.ended} of {progress.trials} {progress.noun} are kept in {output}"
    if progress.paused:
        kept += f", {progress.paused} more as checkpoints"
    return f"{kept}; the same command goes on from there"
