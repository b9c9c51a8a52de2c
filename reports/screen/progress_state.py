"""How far a run is, and how long the rest of it will take."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from ablations.run.events import (
    Event,
    Listener,
    PassStarted,
    StepDone,
    TimingRecorded,
    TimingsStarted,
    TrialLost,
    TrialPaused,
    TrialRecorded,
    TrialStarted,
)
from ablations.training.trial_spec import TrialSpec

WARM_UP = 10
"""First seconds of a run, whose pace says nothing about the rest."""


@dataclass(frozen=True)
class TrialProgress:
    """How far a running trial is.

    Attributes:
        steps: Steps of the trial.
        step: Steps done.
        earlier: Steps of those that its checkpoint already held.
    """

    steps: int
    step: int = 0
    earlier: int = 0

    @property
    def share(self) -> float:
        """Fraction of the trial that is done."""
        return self.step / self.steps

    @property
    def share_here(self) -> float:
        """Fraction of the trial that this run has done."""
        return (self.step - self.earlier) / self.steps

    def at(self, step: int) -> "TrialProgress":
        """Return the progress after `step` steps. The first report is of the first step here."""
        return TrialProgress(self.steps, step, self.earlier if self.step else step - 1)


class RunProgress(Listener):
    """Counts trials and their work, and estimates the remaining time from them."""

    def __init__(self) -> None:
        self.works: Mapping[TrialSpec, float] = {}
        self.ended = 0
        self.paused = 0
        self.running: dict[TrialSpec, TrialProgress] = {}
        self.done = self.left = 0.0
        self.started: float | None = None
        self.tuning = False
        self.timings = 0
        self.timed = 0

    @property
    def trials(self) -> int:
        """Trials of this pass."""
        return len(self.works)

    @property
    def noun(self) -> str:
        """Name of the trials of this pass."""
        return "tuning trials" if self.tuning else "trials"

    def on(self, event: Event) -> None:
        match event:
            case PassStarted(works, tuning):
                self.tuning, self.works = tuning, works
                self.ended, self.done, self.started = 0, 0.0, None
                self.left = sum(works.values())
            case TrialStarted(trial, steps):
                self.running[trial] = TrialProgress(steps)
                if self.started is None:
                    self.started = time.monotonic()
            case StepDone(trial, step):
                self.running[trial] = self.running[trial].at(step)
            case TrialLost(trial):
                self.running.pop(trial, None)
            case TrialPaused(trial):
                self.running.pop(trial, None)
                self.paused += 1
            case TrialRecorded(trial, record):
                self._recorded(trial, record.failure is not None)
            case TimingsStarted(variants):
                self.timings, self.timed = variants, 0
            case TimingRecorded():
                self.timed += 1

    def _recorded(self, trial: TrialSpec, failed: bool) -> None:
        progress = self.running.pop(trial, None)
        self.ended += 1
        self.left -= self.works[trial]
        if progress is not None and progress.step:  # else nothing was trained here
            last = progress if failed else progress.at(progress.steps)
            self.done += self.works[trial] * last.share_here

    def time_left(self) -> float | None:
        """Estimate the seconds that the rest of the pass takes at the pace so far.

        Returns:
            None before any work and within the first WARM_UP seconds.
        """
        if self.started is None or time.monotonic() - self.started < WARM_UP:
            return None
        work = [(self.works[trial], progress) for trial, progress in self.running.items()]
        done = self.done + sum(whole * progress.share_here for whole, progress in work)
        if done == 0:
            return None
        left = self.left - sum(whole * progress.share for whole, progress in work)
        return (time.monotonic() - self.started) / done * left

    def time_left_words(self) -> str:
        """Return `time_left` as text such as "1:30 left", empty if unknown."""
        left = self.time_left()
        return "" if left is None else f"{_clock(left)} left"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
