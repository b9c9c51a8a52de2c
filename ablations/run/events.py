"""Everything that happens in a run, and who listens to it. No torch."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablations.records.run_record import Run
from ablations.records.timing_record import TimingRecord
from ablations.records.trial_record import TrialRecord
from ablations.study.variants import Variant
from ablations.training.events import (
    Notice,
    PointMeasured,
    StepDone,
    TrainingEvent,
    TrialStarted,
)
from ablations.training.trial_result import TrialResult

if TYPE_CHECKING:
    from ablations.training.trial_spec import TrialSpec

__all__ = ["Notice", "PointMeasured", "StepDone", "TrialStarted"]


@dataclass(frozen=True)
class ImagesScanned:
    """`done` of `total` unknown image files have been opened and checked."""

    done: int
    total: int


@dataclass(frozen=True)
class NetworksCounted:
    """The costs of `done` of `total` networks have been counted and verified."""

    done: int
    total: int


@dataclass(frozen=True)
class PassStarted:
    """A pass of the run begins: the trials of the tuning, or those of the studies.

    Attributes:
        works: Trial -> its work, proportional to its expected time, in any unit.
        tuning: Whether the trials choose settings for the studies.
    """

    works: "Mapping[TrialSpec, float]"
    tuning: bool = False


@dataclass(frozen=True)
class WorkerDied:
    """The process that trained a trial died, before an engine has decided what follows.

    Attributes:
        trial: The trial.
        reason: One line.
        details: Everything known about the death, for the trial's log.
    """

    trial: "TrialSpec"
    reason: str
    details: str


@dataclass(frozen=True)
class TrialLost:
    """The worker of a trial died; the trial will be retried."""

    trial: "TrialSpec"
    reason: str


@dataclass(frozen=True)
class TrialPaused:
    """A trial stopped on request and left a checkpoint, from which another run resumes."""

    trial: "TrialSpec"


@dataclass(frozen=True)
class TrialFinished:
    """A trial has ended; its record is not written yet."""

    trial: "TrialSpec"
    result: TrialResult


@dataclass(frozen=True)
class TrialRecorded:
    """The record of a trial is on disk; reused: an earlier run wrote it."""

    trial: "TrialSpec"
    record: TrialRecord
    reused: bool


@dataclass(frozen=True)
class TimingsStarted:
    """The timing of all variants begins; variants: how many."""

    variants: int


@dataclass(frozen=True)
class MeasuringMemory:
    """The memory of a variant's training is being measured."""

    variant: Variant


@dataclass(frozen=True)
class MeasuringSpeed:
    """The speed of a variant is being measured; round: counted from 1."""

    variant: Variant
    round: int


@dataclass(frozen=True)
class TimingRecorded:
    """The timing of a variant is on disk; reused: an earlier run wrote it."""

    record: TimingRecord
    reused: bool


@dataclass(frozen=True)
class RunUpdated:
    """The run so far: when the trials of a pass begin, and every few seconds with new records."""

    run: Run


@dataclass(frozen=True)
class RunEnded:
    """The last event of a run. Trials may be unfinished."""


LastEvent = TrialFinished | TrialPaused | WorkerDied
"""What the worker of a trial reports last."""

Event = (
    TrainingEvent
    | LastEvent
    | ImagesScanned
    | NetworksCounted
    | PassStarted
    | TrialLost
    | TrialRecorded
    | TimingsStarted
    | MeasuringMemory
    | MeasuringSpeed
    | TimingRecorded
    | RunUpdated
    | RunEnded
)

Emit = Callable[[Event], None]
"""Passes an event on to the listeners."""


class Listener(ABC):
    """Receives the events of a run, in the process of the run, one at a time.

    Several trials may run at once. Events that a listener does not know it must ignore.
    """

    @abstractmethod
    def on(self, event: Event) -> None:
        """Handle one event."""


class Silent(Listener):
    """A listener that ignores everything."""

    def on(self, event: Event) -> None:
        pass


def scanning(emit: Emit) -> Callable[[int, int], None]:
    """Return a callback that emits how many images have been scanned."""
    return lambda done, total: emit(ImagesScanned(done, total))
