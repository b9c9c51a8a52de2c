"""Trains a trial in this process and reports its events. No torch.

Torch is imported with the trial, after the process has set up its environment.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ablations.run.events import Emit, Event, LastEvent, StepDone, TrialFinished, TrialPaused
from ablations.training.trial_result import failed

if TYPE_CHECKING:
    from ablations.records.checkpoints import TrialFiles
    from ablations.training.data_sets import DataSets
    from ablations.training.team import Team
    from ablations.training.trial_spec import TrialSpec

STOP = "stop"
"""Sent to a worker: it writes a checkpoint of its trial and trains no other."""

STEPS_EVERY = 0.2
"""Minimum seconds between two reported steps."""


def train(
    trial: "TrialSpec",
    files: "TrialFiles",
    data_sets: "DataSets",
    emit: Emit,
    stopping: Callable[[], bool],
    team: "Team | None" = None,
) -> LastEvent:
    """Train a trial in this process.

    Args:
        trial: The trial.
        files: Its checkpoint and weights.
        data_sets: Data sets of this process.
        emit: Receives its events, but for the last one.
        stopping: Whether the trial is to pause at its next step.
        team: The processes that train it together; None for this one alone.

    Returns:
        The last event. Every error becomes a failure of the trial.
    """
    from ablations.records.checkpoints import FileKeeper
    from ablations.training.keeper import TrialPaused as Paused
    from ablations.training.team import ALONE
    from ablations.training.trial import run_trial

    try:
        data = data_sets.unchanged(trial)
        keeper = FileKeeper(files, trial, data, emit, stopping)
        result = run_trial(trial, data, keeper, some_steps(emit), team=team or ALONE)
    except Paused:
        return TrialPaused(trial)
    except (Exception, SystemExit) as error:  # before training, such as missing images
        return TrialFinished(trial, failed(error))
    return TrialFinished(trial, result)


def some_steps(emit: Emit) -> Emit:
    """Pass on every event but steps, and of those one per STEPS_EVERY seconds."""
    last = float("-inf")

    def passing(event: Event) -> None:
        nonlocal last
        if isinstance(event, StepDone):
            if time.monotonic() - last < STEPS_EVERY:
                return
            last = time.monotonic()
        emit(event)

    return passing
