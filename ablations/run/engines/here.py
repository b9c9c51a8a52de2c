"""The engine that trains one trial after another, in the process of the run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from ablations.records.checkpoints import FileKeeper, TrialFiles
from ablations.run.engines.together import train_together
from ablations.run.events import Emit, LastEvent, TrialFinished, TrialPaused, WorkerDied
from ablations.run.stopping import Stop
from ablations.training.keeper import TrialPaused as Paused
from ablations.training.setup import Setup
from ablations.training.trial import Trial, run_trial
from ablations.training.trial_result import Failure, TrialResult


class FailedElsewhere(RuntimeError):
    """The error of a trial in another process, with its traceback as text."""


@dataclass(frozen=True)
class Here:
    """The engine without parallel trials.

    A trial of several processes still trains in those, and the run waits for them.

    Attributes:
        setups: Setups of the trials.
        debug: Whether the error of a failed trial is raised.
    """

    setups: Mapping[Trial, Setup]
    debug: bool
    here: ClassVar[bool] = True

    def run(
        self,
        trials: Iterable[Trial],
        files: Mapping[Trial, TrialFiles],
        stop: Stop,
        emit: Emit,
    ) -> None:
        """See `Engine.run`.

        Raises:
            FailedElsewhere: With `debug`, for a failed trial of several processes.
        """
        for trial in trials:
            if stop.asked:
                return
            train = self._alone if trial.settings.processes == 1 else self._together
            last = train(trial, files[trial], stop, emit)
            emit(last)
            if isinstance(last, TrialPaused):
                return

    def _alone(self, trial: Trial, files: TrialFiles, stop: Stop, emit: Emit) -> LastEvent:
        try:
            setup = self.setups[trial]
            keeper = FileKeeper(files, setup, trial, emit, lambda: stop.asked)
            return TrialFinished(trial, run_trial(setup, trial, keeper, emit, self.debug))
        except Paused:
            return TrialPaused(trial)

    def _together(self, trial: Trial, files: TrialFiles, stop: Stop, emit: Emit) -> LastEvent:
        last = train_together(trial, files, emit, lambda: stop.asked)
        if isinstance(last, WorkerDied):
            failure = Failure(last.reason, True, f"{last.reason}.\n\n{last.details}")
            last = TrialFinished(trial, TrialResult(failure=failure))
        if self.debug and isinstance(last, TrialFinished) and last.result.failure:
            raise FailedElsewhere(last.result.failure.traceback)
        return last
