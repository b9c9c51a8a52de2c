"""What the parts of one run share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch

from ablations.errors import SettingError
from ablations.records.store import Store
from ablations.records.trial_record import TRIALS, TrialRecord
from ablations.run.events import Emit, Event, Notice
from ablations.run.stopping import Stop
from ablations.study.run_settings import RunSettings
from ablations.training.data_sets import DataSets


def _ignore(event: Event) -> None:
    pass


@dataclass(frozen=True)
class RunContext:
    """One run: its settings, where it trains, who listens, and how it is stopped.

    Attributes:
        settings: Settings of the run.
        device: Device that trials are trained on.
        emit: Receives every event.
        data_sets: Data sets that are loaded.
        stop: Asked by signals and by too many failures.
        debug: Whether the error of a failed trial is raised instead of recorded.
    """

    settings: RunSettings
    device: torch.device
    emit: Emit = _ignore
    data_sets: DataSets = field(default_factory=DataSets)
    stop: Stop = field(default_factory=Stop)
    debug: bool = False

    @cached_property
    def store(self) -> Store[TrialRecord]:
        """Trial records of the output folder."""
        return Store(self.settings.output, TRIALS, self.notice)

    @property
    def notice(self) -> Callable[[str], None]:
        """Emits a line as a `Notice`."""
        return lambda line: self.emit(Notice(line))


def choose_device(name: str) -> torch.device:
    """Return the device for "auto", "cpu" or "cuda".

    Raises:
        SettingError: For "cuda" without a CUDA device.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingError("device", name, "no CUDA device is available; allowed here: auto, cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
