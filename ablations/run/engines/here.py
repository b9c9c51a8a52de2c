"""The engine that trains one trial after another, in the process of the run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from ablations.records.checkpoints import FileKeeper, TrialFiles
from ablations.run.engines.together import train_together
from ablations.run.events import Emit, LastEvent, TrialFinished, TrialPaused, WorkerDied
from ablations.run.stopping import Stop
from ablations.training.data_sets import DataSets
from ablations.training.keeper import TrialPaused as Paused
from ablations.training.trial import run_trial
from ablations.training.trial_result import Failure, TrialResult
from ablations.training.trial_spec import TrialSpec


class FailedElsewhere(RuntimeError):
    """The error of a trial in another process, with its traceback as text."""


@dataclass(frozen=True)
class Here:
    """The engine without parallel trials.

    A trial of several processes still trains in those, and the run waits for them.

    Attributes:
        data_sets: Images of the trials.
        debug: Whether the error of a failed trial is raised.
    """

    data_sets: DataSets
    debug: bool
    here: ClassVar[bool] = True

    def run(
        self,
        trials: Iterable[TrialSpec],
        files: Mapping[TrialSpec, TrialFiles],
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

    def _alone(self, trial: TrialSpec, files: TrialFiles, stop: Stop, emit: Emit) -> LastEvent:
        try:
            data = self.data_sets.of(trial)
            keeper = FileKeeper(files, trial, data, emit, lambda: stop.asked)
            return TrialFinished(trial, run_trial(trial, data, keeper, emit, self.debug))
        except Paused:
            return TrialPaused(trial)

    def _together(self, trial: TrialSpec, files: TrialFiles, stop: Stop, emit: Emit) -> LastEvent:
        last = train_together(trial, files, emit, lambda: stop.asked)
        if isinstance(last, WorkerDied):
            failure = Failure(last.reason, True, f"{last.reason}.\n\n{last.details}")
            last = TrialFinished(trial, TrialResult(failure=failure))
        if self.debug and isinstance(last, TrialFinished) and last.result.failure:
            raise FailedElsewhere(last.result.failure.traceback)
        return last
