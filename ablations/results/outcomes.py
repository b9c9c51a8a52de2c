"""What the trials of a run say of one of its studies. No torch."""

from collections.abc import Sequence

from ablations.records.trial_record import TrialRecord
from ablations.statistics.contrasts import Contrast, contrast_study
from ablations.study.study import Study


def top1_by_seed(
    study: Study, records: Sequence[TrialRecord]
) -> dict[str, dict[int, float | None]]:
    """Value -> seed -> Top-1 (percent), None where the trial failed."""
    return {
        value: {record.seed: record.top1 for record in records if record.variant == variant}
        for value, variant in study.variants.items()
    }


def study_contrasts(study: Study, records: Sequence[TrialRecord]) -> dict[str, Contrast]:
    """Value -> its contrast with the study's baseline, paired by seed, of all variants that are
    judged on the same data set; study order."""
    tops = top1_by_seed(study, records)
    found = contrast_study({value: tops[value] for value in study.same_images}, study.baseline)
    return {contrast.value: contrast for contrast in found}
