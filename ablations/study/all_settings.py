"""Every setting by name: what a study's file can hold, and what of it can be an axis. No torch."""

from collections.abc import Mapping

from ablations.networks.families import INVOLUTION_SETTINGS
from ablations.settings.setting import Level, Setting, settings_of
from ablations.study.run_settings import RunSettings
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import NETWORK_SETTINGS

TRAIN_SETTINGS: Mapping[str, Setting] = settings_of(TrainSettings)
RUN_SETTINGS: Mapping[str, Setting] = settings_of(RunSettings)

SETTINGS: Mapping[str, Setting] = {
    name: declared
    for name, declared in {**RUN_SETTINGS, **NETWORK_SETTINGS, **TRAIN_SETTINGS}.items()
    if not declared.machine
}
"""What a study's file can set for all its variants."""

MACHINE_SETTINGS: Mapping[str, Setting] = {
    name: declared
    for name, declared in {**RUN_SETTINGS, **TRAIN_SETTINGS}.items()
    if declared.machine
}
"""What belongs to the machine, and so to no file."""

AXES: Mapping[str, Setting] = {name: found for name, found in SETTINGS.items() if found.axis}
"""What a study can vary."""

NETWORK_AXES = {name: found for name, found in AXES.items() if name in NETWORK_SETTINGS}
TRAINING_AXES = {name: found for name, found in AXES.items() if name in TRAIN_SETTINGS}

TUNABLE = {name: found for name, found in TRAINING_AXES.items() if name != "dataset"}
"""What can be chosen for each variant by its accuracy, which other images would not show."""

DEFAULTS: Mapping[str, Level] = {
    name: found.default for name, found in AXES.items() if found.default is not None
}
"""What a variant has where neither it nor the study's settings say anything."""

PAPER: Mapping[str, Level] = {name: DEFAULTS[name] for name in INVOLUTION_SETTINGS}
"""The involution of the paper's RedNets, the baseline where a study names none."""
