"""All settings by name, and which of them can be axes or tuned. No torch."""

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
"""Settings that a study file can set for all variants."""

MACHINE_SETTINGS: Mapping[str, Setting] = {
    name: declared
    for name, declared in {**RUN_SETTINGS, **TRAIN_SETTINGS}.items()
    if declared.machine
}
"""Settings of the command line only: they change how a run works, not what it measures."""

AXES: Mapping[str, Setting] = {name: found for name, found in SETTINGS.items() if found.axis}
"""Settings that a study can vary."""

NETWORK_AXES = {name: found for name, found in AXES.items() if name in NETWORK_SETTINGS}
TRAINING_AXES = {name: found for name, found in AXES.items() if name in TRAIN_SETTINGS}

TUNABLE = {name: found for name, found in TRAINING_AXES.items() if name != "dataset"}
"""Settings that can be tuned; accuracies on different data sets are not comparable."""

DEFAULTS: Mapping[str, Level] = {
    name: found.default for name, found in AXES.items() if found.default is not None
}
"""Defaults of the axes."""

PAPER: Mapping[str, Level] = {name: DEFAULTS[name] for name in INVOLUTION_SETTINGS}
"""Involution of the paper's RedNets: the default baseline."""
