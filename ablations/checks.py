"""What can be said against a run before anything heavy is imported. No torch."""

from collections.abc import Sequence

from ablations.settings import WRITTEN, RunSettings, check_writable
from ablations.variants import Study, check_variants


def check_run(studies: Sequence[Study], settings: RunSettings) -> None:
    """Raises SettingError where a variant does not fit the networks or the output folder is no
    place to write in. Leaves nothing behind."""
    for study in studies:
        check_variants(study, settings.architectures)
    check_writable("output", settings.output, WRITTEN)
