"""What trackers have in common: a run of theirs for each trial."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol

from ablations.records.trial_record import TrialRecord
from ablations.training.epoch import Epoch
from ablations.training.progress import Progress
from ablations.training.trial import Trial
from reports.names.captions import variant_name

Values = Mapping[str, float]
Config = Mapping[str, object]


class TrackedRun(Protocol):
    """A trial in a tracker."""

    def log(self, values: Values, step: int) -> None:
        """Scalars after so many steps."""

    def end(self, summary: Values, failure: str | None) -> None:
        """What the trial came to, and why it failed, where it did."""

    def leave(self) -> None:
        """Closes it before its end: another run of the program will go on."""


class TrialLog(Progress):
    """Tells a tracker of the trials that are trained here, not of those that were recorded before.

    Scalars: loss, of steps that are told; top1, percent, at the points of the curve. A trial that
    begins again, after its process has died, is a run of its own in the tracker.
    """

    def __init__(self) -> None:
        self._runs: dict[Trial, TrackedRun] = {}

    @abstractmethod
    def open(self, name: str, config: Config) -> TrackedRun:
        """A run of the tracker for a trial, named as people read it."""

    def trial_starts(self, trial: Trial, steps: int) -> None:
        self._leave(trial)
        variant = variant_name(trial.variant)
        known = {
            "variant": variant,
            "seed": trial.seed,
            "device": trial.device,
            "total_steps": steps,
        }
        config = {**trial.settings.identity(), **known}
        self._runs[trial] = self.open(f"{variant}, seed {trial.seed}", config)

    def step_done(self, trial: Trial, step: int, loss: float) -> None:
        self._runs[trial].log({"loss": loss}, step)

    def point_measured(self, trial: Trial, point: Epoch) -> None:
        self._runs[trial].log({"top1": point.top1, "train_loss": point.train_loss}, point.steps)

    def trial_lost(self, trial: Trial, reason: str) -> None:
        self._leave(trial)

    def trial_paused(self, trial: Trial) -> None:
        self._leave(trial)

    def trial_ends(self, trial: Trial, record: TrialRecord, reused: bool) -> None:
        run = self._runs.pop(trial, None)
        if run is None:
            return
        summary = {"seconds": record.seconds}
        if record.costs is not None:
            summary["params"] = record.costs.params
        if record.top1 is not None:
            summary["top1"] = record.top1
        run.end(summary, record.failure)

    def run_ends(self) -> None:
        for trial in [*self._runs]:
            self._leave(trial)

    def _leave(self, trial: Trial) -> None:
        if trial in self._runs:
            self._runs.pop(trial).leave()
