"""Run settings from command line options and study files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablations.settings.readers import expanded
from ablations.settings.setting import Level
from ablations.study.all_settings import MACHINE_SETTINGS, RUN_SETTINGS, SETTINGS, TRAIN_SETTINGS
from ablations.study.budget import EPOCHS, STEPS, whole
from ablations.study.run_settings import RunSettings
from ablations.study.train_settings import TrainSettings


@dataclass(frozen=True)
class Place:
    """The output folder and machine settings of a run.

    Attributes:
        output: Output folder.
        machine: Values of MACHINE_SETTINGS, by name.
    """

    output: Path
    machine: Mapping[str, Any]


def take_place(name: str, options: dict[str, Any]) -> Place:
    """Remove the options of a place from `options`; without --output, it is runs/`name`."""
    output: Path | None = options.pop("output")
    return Place(
        Path("runs") / name if output is None else expanded(output),
        {found: _expanded(options.pop(found)) for found in MACHINE_SETTINGS},
    )


def _expanded(value: Any) -> Any:
    return expanded(value) if isinstance(value, Path) else value


def take_levels(defaults: Mapping[str, Level], options: dict[str, Any]) -> dict[str, Level]:
    """Remove the options of `study_options` from `options` and return their values.

    Args:
        defaults: The study's settings, as in `study_options`.
        options: Values of all options, by name.

    Raises:
        SettingError: If a value is not allowed.
    """
    if options[EPOCHS] is None and options[STEPS] is None:
        options[EPOCHS] = defaults[EPOCHS]
    taken = {name: options.pop(name) for name in SETTINGS if name in options}
    given = {name: level for name, level in taken.items() if level is not None}
    return {name: SETTINGS[name].check(level) for name, level in given.items()}


def make_settings(levels: Mapping[str, Level], place: Place, no_train: bool) -> RunSettings:
    """Return the settings of a run.

    Raises:
        SettingError: If settings are not allowed or contradict each other.
    """
    chosen = {**levels, **place.machine}
    training: dict[str, Any] = {k: level for k, level in chosen.items() if k in TRAIN_SETTINGS}
    running: dict[str, Any] = {k: level for k, level in chosen.items() if k in RUN_SETTINGS}
    train = TrainSettings(**whole(training))
    return RunSettings(place.output, train=None if no_train else train, **running)
