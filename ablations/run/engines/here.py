"""Trials one after another in the process of the run, or in processes that it waits for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from ablations.run.engines.engine import (
    Ended,
    Event,
    Measured,
    Noticed,
    OnEvent,
    Paused,
    Started,
    Stepped,
)
from ablations.run.engines.messages import Died, event_of
from ablations.run.engines.together import train_together
from ablations.run.stopping import Stop
from ablations.training.keeper import TrialPaused
from ablations.training.setup import Setup
from ablations.training.trial import Failure, Trial, run_trial
from ablations.training.trial_files import TrialFiles


class FailedElsewhere(RuntimeError):
    """What made a trial fail in another process, with its traceback as text."""


@dataclass(frozen=True)
class Here:
    """The engine that runs no trials side by side.

    Attributes:
        setups: Of the trials.
        debug: Whether what makes a trial fail is raised.
    """

    setups: Mapping[Trial, Setup]
    debug: bool
    here: ClassVar[bool] = True

    def run(
        self,
        trials: Iterable[Trial],
        files: Mapping[Trial, TrialFiles],
        stop: Stop,
        tell: OnEvent,
    ) -> None:
        """See `Engine.run`.

        Raises:
            FailedElsewhere: In debugging, for a trial of several processes.
        """
        for trial in trials:
            if stop.asked:
                return
            train = self._alone if trial.settings.processes == 1 else self._together
            last = train(trial, files[trial], stop, tell)
            tell(last)
            if isinstance(last, Paused):
                return

    def _alone(self, trial: Trial, files: TrialFiles, stop: Stop, tell: OnEvent) -> Event:
        tell(Started(trial))
        try:
            outcome = run_trial(
                self.setups[trial],
                trial,
                files,
                lambda step, loss: tell(Stepped(trial, step, loss)),
                stopping=lambda: stop.asked,
                on_point=lambda point: tell(Measured(trial, point)),
                debug=self.debug,
                tell=lambda line: tell(Noticed(line)),
            )
        except TrialPaused:
            return Paused(trial)
        return Ended(trial, outcome)

    def _together(self, trial: Trial, files: TrialFiles, stop: Stop, tell: OnEvent) -> Event:
        last = train_together(
            trial, files, lambda told: tell(event_of(trial, told)), lambda: stop.asked
        )
        if isinstance(last, Died):
            last = Failure(last.reason, True, f"{last.reason}.\n\n{last.known}")
        event = event_of(trial, last)
        if self.debug and isinstance(event, Ended) and event.outcome.traceback:
            raise FailedElsewhere(event.outcome.traceback)
        return event
