"""The common part of all trackers: one run of the tracker per trial."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol

from ablations.records.trial_record import TrialRecord
from ablations.run.events import (
    Event,
    Listener,
    PointMeasured,
    RunEnded,
    StepDone,
    TrialLost,
    TrialPaused,
    TrialRecorded,
    TrialStarted,
)
from ablations.training.trial_spec import TrialSpec
from reports.names.captions import variant_name

Values = Mapping[str, float]
Config = Mapping[str, object]


class TrackedRun(Protocol):
    """A trial in a tracker."""

    def log(self, values: Values, step: int) -> None:
        """Log scalars after `step` steps."""

    def end(self, summary: Values, failure: str | None) -> None:
        """Log the summary of a finished trial, and why it failed if it did; close the run."""

    def leave(self) -> None:
        """Close the run of an unfinished trial, which another run of the program may resume."""


class TrialLog(Listener):
    """Reports the trials that this run trains to a tracker, not those recorded before.

    Scalars: loss, at reported steps; top1 in percent and train_loss, at the points of the curve. A
    trial that is retried after its worker died is a new run in the tracker.
    """

    def __init__(self) -> None:
        self._runs: dict[TrialSpec, TrackedRun] = {}

    @abstractmethod
    def open(self, name: str, config: Config) -> TrackedRun:
        """Open a run of the tracker for a trial, under the trial's name for readers."""

    def on(self, event: Event) -> None:
        match event:
            case TrialStarted(trial, steps):
                self._leave(trial)
                self._runs[trial] = self._opened(trial, steps)
            case StepDone(trial, step, loss):
                self._runs[trial].log({"loss": loss}, step)
            case PointMeasured(trial, point):
                values = {"top1": point.top1, "train_loss": point.train_loss}
                self._runs[trial].log(values, point.steps)
            case TrialLost(trial) | TrialPaused(trial):
                self._leave(trial)
            case TrialRecorded(trial, record) if trial in self._runs:
                self._runs.pop(trial).end(_summary(record), record.failure)
            case RunEnded():
                for trial in [*self._runs]:
                    self._leave(trial)

    def _opened(self, trial: TrialSpec, steps: int) -> TrackedRun:
        variant = variant_name(trial.variant)
        known = {
            "variant": variant,
            "seed": trial.seed,
            "device": trial.device,
            "total_steps": steps,
        }
        config = {**trial.settings.identity(), **known}
        return self.open(f"{variant}, seed {trial.seed}", config)

    def _leave(self, trial: TrialSpec) -> None:
        if trial in self._runs:
            self._runs.pop(trial).leave()


def _summary(record: TrialRecord) -> Values:
    summary = {"seconds": record.seconds}
    if record.costs is not None:
        summary["params"] = record.costs.params
    if record.top1 is not None:
        summary["top1"] = record.top1
    return summary
