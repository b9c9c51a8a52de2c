"""That a run is not over, in words. No torch."""

from ablations.records.run_record import Run


def partial_words(run: Run) -> str | None:
    """How far the run was when this was written; None where all its trials have ended."""
    if not run.partial:
        return None
    if run.choosing:
        ended = f"{len(run.tuning)} of {run.tuning_wanted} tuning trials"
        return (
            f"Partial: {ended} have ended. Nothing is chosen yet, and no trial of a study has run"
        )
    ended = f"{len(run.records)} of {run.wanted} trials"
    return f"Partial: {ended} have ended. What is missing has not failed, it has not run yet"
