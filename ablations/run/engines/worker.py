"""What a process that trains trials does: it trains one and sends its events. No torch.

Torch is imported with the first trial, after the process has set up its environment.
"""

import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from ablations.run.events import Emit, Event, LastEvent, StepDone, TrialFinished, TrialPaused
from ablations.training.trial_result import failed

if TYPE_CHECKING:
    from ablations.data.images import ImageData
    from ablations.data.registry import Wanted
    from ablations.records.checkpoints import TrialFiles
    from ablations.training.team import Team
    from ablations.training.trial import Trial

STOP = "stop"
"""Sent to a worker: it writes a checkpoint of its trial and trains no other."""

STEPS_EVERY = 0.2
"""Minimum seconds between two reported steps."""


def serve(connection: Connection) -> None:
    """Train every trial that comes through `connection`, each with its files, and send its events,
    until STOP comes or the other end closes."""
    from ablations.training.process import keep_freed_memory

    keep_freed_memory()
    loaded: dict[Wanted, ImageData] = {}
    while True:
        task = connection.recv()
        if task == STOP:
            return
        trial, files = task
        # While a trial runs, only STOP can come.
        connection.send(work(trial, files, loaded, connection.send, stopping=connection.poll))


def work(
    trial: "Trial",
    files: "TrialFiles",
    loaded: "dict[Wanted, ImageData]",
    emit: Emit,
    stopping: Callable[[], bool],
) -> LastEvent:
    """Train a trial in this process, or in as many as its settings say beside this one.

    See `train`.
    """
    if trial.settings.processes > 1:
        from ablations.run.engines.together import train_together

        return train_together(trial, files, emit, stopping)
    return train(trial, files, loaded, emit, stopping)


def train(
    trial: "Trial",
    files: "TrialFiles",
    loaded: "dict[Wanted, ImageData]",
    emit: Emit,
    stopping: Callable[[], bool],
    team: "Team | None" = None,
) -> LastEvent:
    """Train a trial in this process.

    Args:
        trial: The trial.
        files: Its checkpoint and weights.
        loaded: The data sets of this process; the trial's is added.
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
        setup = trial.setup(loaded)
        keeper = FileKeeper(files, setup, trial, emit, stopping)
        result = run_trial(setup, trial, keeper, some_steps(emit), team=team or ALONE)
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
