"""Trials one after another in the process of the run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from ablations.run.engines.engine import Ended, Noticed, OnEvent, Paused, Started, Stepped
from ablations.run.stopping import Stop
from ablations.training.keeper import TrialPaused
from ablations.training.setup import Setup
from ablations.training.trial import Trial, run_trial
from ablations.training.trial_files import TrialFiles


@dataclass(frozen=True)
class Here:
    """The engine that starts no process.

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
        """See `Engine.run`."""
        for trial in trials:
            if stop.asked:
                return
            tell(Started(trial))

            def on_step(step: int, loss: float, trial: Trial = trial) -> None:
                tell(Stepped(trial, step, loss))

            try:
                outcome = run_trial(
                    self.setups[trial],
                    trial,
                    files[trial],
                    on_step,
                    stopping=lambda: stop.asked,
                    debug=self.debug,
                    tell=lambda line: tell(Noticed(line)),
                )
            except TrialPaused:
                tell(Paused(trial))
                return
            tell(Ended(trial, outcome))
