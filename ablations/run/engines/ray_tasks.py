"""What runs in Ray's processes: a trial as a task, and the board where tasks tell the run.

Needs Ray, which is imported only where it is asked for, and of torch nothing before a trial.
"""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayError

from ablations.run.engines.messages import SILENCE, STARTED, Died
from ablations.run.engines.together import train_as_asked

if TYPE_CHECKING:
    from ablations.data.images import ImageData
    from ablations.data.registry import Wanted
    from ablations.training.trial import Failure, Outcome, Trial
    from ablations.training.trial_files import TrialFiles

_LOADED: "dict[Wanted, ImageData]" = {}
"""The data sets of this process, which Ray keeps for the next trial."""


class Board:
    """The actor that stands between tasks, wherever they run, and the run: it keeps what they tell
    until the run takes it, and says whether they are to stop. One that was begun anew knows that as
    soon as the run asks again."""

    def __init__(self) -> None:
        self._told: list[tuple[int, object]] = []
        self._stopping = False

    def tell(self, number: int, told: object) -> None:
        """A message of the task of this number."""
        self._told.append((number, told))

    def take(self, stopping: bool) -> list[tuple[int, object]]:
        """What was told since this was asked last, in order; stopping: whether tasks are to stop
        from now on."""
        self._stopping = stopping
        taken, self._told = self._told, []
        return taken

    def stopping(self) -> bool:
        """Whether tasks are to stop."""
        return self._stopping


def train_task(
    board: Any, number: int, folder: Path, trial: "Trial", files: "TrialFiles"
) -> "Outcome | Failure | str | Died":
    """Trains a trial as a task; its last message, see `messages`.

    Args:
        board: Handle of the Board.
        number: Of the task there.
        folder: Where the run was started: relative paths and code of a user's begin there.
        trial: Which one.
        files: What it keeps, in the output folder, which all nodes see.
    """
    from ablations.training.allocator import keep_freed_memory

    keep_freed_memory()
    if Path.cwd() != folder:
        os.chdir(folder)
    line = _Line(board, number)
    return train_as_asked(trial, files, _LOADED, line.send, line.stopping)


class _Line:
    """A task's line to the board."""

    def __init__(self, board: Any, number: int) -> None:
        self._board, self._number = board, number
        self._answer: Any = None
        self._asked = 0.0
        self._stopping = False

    def send(self, told: object) -> None:
        sent = self._board.tell.remote(self._number, told)
        if told == STARTED:  # so that the run hears of it before it hears of the end
            ray.get(sent)

    def stopping(self) -> bool:
        """Asks now and then, and does not wait for the answer. A board that is gone has gone with
        its run: this is the time for a last checkpoint."""
        if self._answer is None:
            if time.monotonic() - self._asked >= SILENCE:
                self._asked = time.monotonic()
                self._answer = self._board.stopping.remote()
        elif ray.wait([self._answer], timeout=0)[0]:
            try:
                self._stopping = ray.get(self._answer)
            except RayError:
                self._stopping = True
            self._answer = None
        return self._stopping
