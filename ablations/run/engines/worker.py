"""What a process that trains trials does, whichever engine started it. No torch."""

from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from ablations.run.engines.alone import STOP, train
from ablations.run.engines.together import train_together
from ablations.run.events import Emit, LastEvent

if TYPE_CHECKING:
    from ablations.records.checkpoints import TrialFiles
    from ablations.training.data_sets import DataSets
    from ablations.training.trial_spec import TrialSpec


def serve(connection: Connection) -> None:
    """Train every trial that comes through `connection`, each with its files, and send its events,
    until STOP comes or the other end closes."""
    from ablations.training.data_sets import DataSets
    from ablations.training.process import keep_freed_memory

    keep_freed_memory()
    data_sets = DataSets()
    while True:
        task = connection.recv()
        if task == STOP:
            return
        trial, files = task
        # While a trial runs, only STOP can come.
        connection.send(work(trial, files, data_sets, connection.send, stopping=connection.poll))


def work(
    trial: "TrialSpec",
    files: "TrialFiles",
    data_sets: "DataSets",
    emit: Emit,
    stopping: Callable[[], bool],
) -> LastEvent:
    """Train a trial in this process, or in as many as its settings say beside this one.

    See `train`.
    """
    if trial.settings.processes > 1:
        return train_together(trial, files, emit, stopping)
    return train(trial, files, data_sets, emit, stopping)
