"""The trials of a tuning, by which variants choose their settings."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from ablations.study.study import Study, tuning_candidates
from ablations.study.train_settings import VALIDATION, TrainSettings
from ablations.training.data_sets import DataSets, timing_specs
from ablations.training.trial_spec import TrialSpec


def tuning_trials(
    studies: Sequence[Study], settings: TrainSettings, device: torch.device, data_sets: DataSets
) -> list[TrialSpec]:
    """Return every candidate of every tuned variant with each seed of the tuning.

    They are tested on the validation split. All get their first seed before any gets its second.

    Args:
        studies: The studies; only those that tune have such trials.
        settings: Settings of the run.
        device: Where they are trained.
        data_sets: Data sets of this process.

    Raises:
        SettingError: In one line, if a data set cannot be loaded.
    """
    seeds = tuning_candidates(studies)
    held_out = replace(settings, split=VALIDATION)
    specs = timing_specs(seeds, held_out, device, data_sets)
    longest = max(seeds.values(), key=len, default=range(0))
    return [spec.trial(seed) for seed in longest for spec in specs if seed in seeds[spec.variant]]
