"""The code of a user's that a trial runs. No torch."""

from ablations.data.registry import is_own_data
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant


def own_code_of(variant: Variant, settings: TrainSettings) -> list[str]:
    """What the trials of a variant, with its own settings, name as module:object."""
    return [*variant.own_code, *([settings.dataset] if is_own_data(settings.dataset) else [])]
