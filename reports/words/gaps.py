"""Sentences on what a run and its tables lack, and why. No torch."""

from collections.abc import Iterator, Mapping

from ablations.costs.proof import published_in
from ablations.records.run_record import Run
from ablations.results.study_result import StudyResult
from ablations.results.variant_result import VariantResult


def table_gaps(result: StudyResult, labels: Mapping[str, str]) -> Iterator[str]:
    """Yield one sentence per variant and kind of cell that is missing or rests on fewer trials.

    Args:
        result: Results of the study.
        labels: Label of each variant.
    """
    beside_published = published_in(result.proofs) is not None
    for variant in result.variants:
        if beside_published and variant.proof.published is None:
            gap = "no published figures: there is no such row in the paper."
            yield f"{labels[variant.name]}: {gap}"
        if result.tuning is not None and result.tuning[variant.name].chosen is None:
            yield f"{labels[variant.name]}: not trained, all trials of its tuning failed."
        for gap in _measured(result, variant) if variant.seeds else ():
            yield f"{labels[variant.name]}: {gap}"


def _measured(result: StudyResult, variant: VariantResult) -> Iterator[str]:
    seeds, failed, missing = variant.top1.n, variant.failed, variant.missing
    if variant.timing_failure is not None:
        yield f"no speed and memory: {variant.timing_failure}"
    elif variant.timing is None:
        yield "no speed and memory, which are measured after the last trial."
    if not seeds:
        without = _why(failed, missing) if failed and missing else "no trial has run yet"
        yield f"no Top-1, {without if missing else f'all {failed} trials failed'}."
        return
    if failed or missing:
        of = f"{seeds} of {seeds + failed + missing} seeds"
        yield f"Top-1 over {of}, {_why(failed, missing)}."
    if variant.top1.interval is None:
        few = "there is one seed" if seeds < 2 else "all seeds gave the same Top-1"
        yield f"no interval, {few}."
    if not variant.is_baseline:
        yield from _compared(result, variant)


def _why(failed: int, missing: int) -> str:
    """Why trials are without a result, where some are."""
    if failed and missing:
        return f"{failed} failed and {missing} {'has' if missing == 1 else 'have'} not run yet"
    return "the others have not run yet" if missing else "the others failed"


def _compared(result: StudyResult, variant: VariantResult) -> Iterator[str]:
    if variant.contrast is None:
        yield "no difference to the baseline, which is judged on another data set."
        return
    pairs, left_out = variant.contrast.difference.n, result.left_out(variant)
    if left_out:
        several = f"{left_out} pair{'s' * (left_out != 1)} with the baseline left out"
        yield f"{several}, trained in different environments."
    elif not pairs:
        yield "no difference to the baseline, no seed finished with both."
    if pairs and pairs + left_out < variant.top1.n:
        yield f"{pairs} pair{'s' * (pairs != 1)}, the baseline has no Top-1 at the other seeds."


def partial_words(run: Run) -> str | None:
    """Say how far an unfinished run is; None if all its trials have ended."""
    if not run.partial:
        return None
    if run.choosing:
        ended = f"{len(run.tuning)} of {run.tuning_wanted} tuning trials"
        return (
            f"Partial: {ended} have ended. Nothing is chosen yet, and no trial of a study has run"
        )
    ended = f"{len(run.records)} of {run.wanted} trials"
    return f"Partial: {ended} have ended. The missing trials have not run yet; they have not failed"
