"""What a study's table lacks, and why: nothing missing is averaged away in silence. No torch."""

from collections.abc import Iterator, Mapping

from ablations.costs.proof import published_in
from ablations.results.study_result import StudyResult
from ablations.results.variant_result import VariantResult


def table_gaps(result: StudyResult, labels: Mapping[str, str]) -> Iterator[str]:
    """One sentence for each variant and each kind of cell that is missing or stands on less.

    Args:
        result: Of the study.
        labels: Variant -> how it is written.
    """
    beside_published = published_in(result.proofs) is not None
    for variant in result.variants:
        if beside_published and variant.proof.published is None:
            gap = "no published figures, the paper’s tables have no such row."
            yield f"{labels[variant.name]}: {gap}"
        if result.tuning is not None and result.tuning[variant.name].chosen is None:
            yield f"{labels[variant.name]}: not trained, all trials of its tuning failed."
        for gap in _measured(variant) if variant.trials else ():
            yield f"{labels[variant.name]}: {gap}"


def _measured(variant: VariantResult) -> Iterator[str]:
    seeds, failed = variant.top1.n, variant.failed
    if variant.timing_failure is not None:
        yield f"no speed and memory: {variant.timing_failure}"
    if not seeds:
        yield f"no Top-1, all {failed} trials failed."
        return
    if failed:
        yield f"Top-1 over {seeds} of {seeds + failed} seeds, the others failed."
    if variant.top1.interval is None:
        few = "there is one seed" if seeds < 2 else "all seeds gave the same Top-1"
        yield f"no interval, {few}."
    if not variant.is_baseline:
        yield from _compared(variant)


def _compared(variant: VariantResult) -> Iterator[str]:
    if variant.contrast is None:
        yield "no difference to the baseline, which is judged on another data set."
        return
    pairs = variant.contrast.difference.n
    if not pairs:
        yield "no difference to the baseline, no seed finished with both."
    elif pairs < variant.top1.n:
        yield f"{pairs} pair{'s' * (pairs != 1)}, the baseline failed at the other seeds."
