"""What runs in a job of Slurm: one trial. Needs nothing of Slurm, and of torch nothing before it.

Job and run tell each other things through files in a folder that both see. The run says in PULSE
that it is there, by another number now and then, or that jobs are to STOP; each job adds lines to a
file of its own.
"""

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ablations.run.engines.messages import SILENCE, STOP, Died, Notice
from ablations.run.engines.together import train_as_asked
from ablations.run.stopping import SIGNALS
from ablations.training.epoch import Epoch

if TYPE_CHECKING:
    from ablations.training.trial import Failure, Outcome, Trial
    from ablations.training.trial_files import TrialFiles

PULSE = "pulse"

BETWEEN_STEPS = 5.0
"""Seconds between two steps that are told."""

WITHOUT_PULSE = 300.0
"""Seconds after which a run that gave no sign is gone: nobody would take the result, and another
run may begin the trial."""


def train_job(
    folder: Path, number: int, cwd: Path, trial: "Trial", files: "TrialFiles"
) -> "Outcome | Failure | str | Died":
    """Trains a trial as a job; its last message, see `messages`. A signal, as of a job that is
    cancelled or whose place or time is over, has it pause.

    Args:
        folder: For messages.
        number: Of the job there.
        cwd: Where the run was started: relative paths and code of a user's begin there.
        trial: Which one.
        files: What it keeps, in the output folder.
    """
    from ablations.training.allocator import keep_freed_memory

    keep_freed_memory()
    if Path.cwd() != cwd:
        os.chdir(cwd)
    line = _Line(folder, number)
    for each in (*SIGNALS, signal.SIGUSR2):
        signal.signal(each, line.end)
    return train_as_asked(trial, files, {}, line.send, line.stopping)


def told_in(folder: Path, number: int) -> Path:
    """Where the job of this number tells things."""
    return folder / f"{number}.jsonl"


def said(line: str) -> object:
    """The message of a job's line."""
    told = json.loads(line)
    if isinstance(told, dict):
        return Notice(**told) if "line" in told else Epoch(**told)
    return tuple(told) if isinstance(told, list) else told


class _Line:
    """A job's line to its run."""

    def __init__(self, folder: Path, number: int) -> None:
        self._file, self._pulse = told_in(folder, number), folder / PULSE
        self._ended = False
        self._told = float("-inf")
        self._beat, self._felt = "", time.monotonic()
        self._looked = float("-inf")

    def end(self, number: int, frame: FrameType | None) -> None:
        """Handles a signal."""
        self._ended = True

    def send(self, told: object) -> None:
        if isinstance(told, tuple):
            if time.monotonic() - self._told < BETWEEN_STEPS:
                return
            self._told = time.monotonic()
        value = vars(told) if isinstance(told, (Notice, Epoch)) else told
        # Of a file system that is away for a while; a trial does not depend on what it tells.
        with suppress(OSError), self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")

    def stopping(self) -> bool:
        if not self._ended and time.monotonic() - self._looked >= SILENCE:
            self._looked = time.monotonic()
            self._ended = self._run_is_over()
        return self._ended

    def _run_is_over(self) -> bool:
        try:
            beat = self._pulse.read_text(encoding="utf-8")
        except FileNotFoundError:
            return True
        except OSError:  # of a file system that is away for a while
            beat = self._beat
        if beat != self._beat:
            self._beat, self._felt = beat, time.monotonic()
        return beat == STOP or time.monotonic() - self._felt >= WITHOUT_PULSE
