"""The trials that variants choose their training by."""

from collections.abc import Sequence
from dataclasses import replace

from ablations.data.images import ImageData
from ablations.data.registry import OnLook, Wanted
from ablations.study.study import Study, tuning_candidates
from ablations.study.train_settings import VALIDATION, TrainSettings
from ablations.training.setup import Setup, setups_of


def tuning_trials(
    studies: Sequence[Study],
    settings: TrainSettings,
    loaded: dict[Wanted, ImageData],
    on_look: OnLook = lambda done, of: None,
) -> list[tuple[Setup, int]]:
    """Every candidate of every variant that is tuned, on the validation split, with each seed of
    the tuning; all get their first seed before any gets its second.

    Args:
        studies: Those that tune nothing have none.
        settings: Of the run.
        loaded, on_look: As for `setups_of`.

    Raises:
        SettingError: As `setups_of`.
    """
    seeds = tuning_candidates(studies)
    setups = setups_of(seeds, replace(settings, split=VALIDATION), loaded, on_look)
    longest = max(seeds.values(), key=len, default=range(0))
    return [(setup, seed) for seed in longest for setup in setups if seed in seeds[setup.variant]]
