"""What runs in Ray's processes: a trial as a task, and the board that collects its events.

Imported only with --engine ray. Torch is imported with the first trial.
"""

import os
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayError

from ablations.run.engines.alone import STEPS_EVERY
from ablations.run.engines.worker import work
from ablations.run.events import Event, LastEvent, TrialStarted

if TYPE_CHECKING:
    from ablations.records.checkpoints import TrialFiles
    from ablations.training.data_sets import DataSets
    from ablations.training.trial_spec import TrialSpec


class Board:
    """The actor between the tasks and the run.

    It keeps events until the run takes them, and says whether tasks are to stop. A restarted board
    knows that as soon as the run asks again.
    """

    def __init__(self) -> None:
        self._events: list[tuple[int, Event]] = []
        self._stopping = False

    def add(self, number: int, event: Event) -> None:
        """Keep an event of the task with this number."""
        self._events.append((number, event))

    def take(self, stopping: bool) -> list[tuple[int, Event]]:
        """Return the events since the last call, in order.

        Args:
            stopping: Whether tasks are to stop from now on.
        """
        self._stopping = stopping
        taken, self._events = self._events, []
        return taken

    def stopping(self) -> bool:
        """Return whether tasks are to stop."""
        return self._stopping


def train_task(
    board: Any, number: int, folder: Path, trial: "TrialSpec", files: "TrialFiles"
) -> LastEvent:
    """Train a trial as a Ray task.

    Args:
        board: Handle of the `Board`.
        number: Number of the task on the board.
        folder: Working folder of the run: relative paths and a user's code start there.
        trial: The trial.
        files: Its checkpoint and weights, in the output folder, which all nodes see.

    Returns:
        The trial's last event.
    """
    from ablations.training.process import keep_freed_memory

    keep_freed_memory()
    if Path.cwd() != folder:
        os.chdir(folder)
    line = _Line(board, number)
    return work(trial, files, _data_sets(), line.emit, line.stopping)


@cache
def _data_sets() -> "DataSets":
    """Return the data sets of this process, which Ray reuses for the next trial."""
    from ablations.training.data_sets import DataSets

    return DataSets()


class _Line:
    """A task's connection to the board."""

    def __init__(self, board: Any, number: int) -> None:
        self._board, self._number = board, number
        self._answer: Any = None
        self._asked = 0.0
        self._stopping = False

    def emit(self, event: Event) -> None:
        sent = self._board.add.remote(self._number, event)
        if isinstance(event, TrialStarted):  # must reach the run before the last event
            ray.get(sent)

    def stopping(self) -> bool:
        """Ask from time to time without waiting for the answer.

        A lost board means that its run is lost: time for a last checkpoint.
        """
        if self._answer is None:
            if time.monotonic() - self._asked >= STEPS_EVERY:
                self._asked = time.monotonic()
                self._answer = self._board.stopping.remote()
        elif ray.wait([self._answer], timeout=0)[0]:
            try:
                self._stopping = ray.get(self._answer)
            except RayError:
                self._stopping = True
            self._answer = None
        return self._stopping
