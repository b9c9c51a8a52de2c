"""What runs in a Slurm job: one trial. Torch is imported with the trial.

Job and run communicate through files in a folder that both see. The run writes a new number into
PULSE from time to time, as a heartbeat, or STOP. Each job appends its events to a separate file,
one a line, pickled and base64-encoded.
"""

import os
import pickle
import signal
import time
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ablations.run.engines.alone import STEPS_EVERY, STOP
from ablations.run.engines.worker import work
from ablations.run.events import Event, LastEvent, StepDone
from ablations.run.stopping import SIGNALS

if TYPE_CHECKING:
    from ablations.records.checkpoints import TrialFiles
    from ablations.training.trial_spec import TrialSpec

PULSE = "pulse"

BETWEEN_STEPS = 5.0
"""Minimum seconds between two reported steps."""

WITHOUT_PULSE = 300.0
"""Seconds without a heartbeat after which the run counts as gone: nobody would take the result, and
another run may start the trial."""


def train_job(
    folder: Path, number: int, cwd: Path, trial: "TrialSpec", files: "TrialFiles"
) -> LastEvent:
    """Train a trial as a Slurm job. A signal pauses it: the job was cancelled or preempted, or its
    time is over.

    Args:
        folder: Folder of events.
        number: Number of the job there.
        cwd: Working folder of the run: relative paths and a user's code start there.
        trial: The trial.
        files: Its checkpoint and weights, in the output folder.

    Returns:
        The trial's last event.
    """
    from ablations.training.data_sets import DataSets
    from ablations.training.process import keep_freed_memory

    keep_freed_memory()
    if Path.cwd() != cwd:
        os.chdir(cwd)
    line = _Line(folder, number)
    for each in (*SIGNALS, signal.SIGUSR2):
        signal.signal(each, line.end)
    return work(trial, files, DataSets(), line.emit, line.stopping)


def events_file(folder: Path, number: int) -> Path:
    """Return the file of the job with this number."""
    return folder / f"{number}.events"


def encode(event: Event) -> str:
    """Return an event as one line of text."""
    return b64encode(pickle.dumps(event)).decode() + "\n"


def decode(line: str) -> Event:
    """Return the event of a line of `encode`."""
    return pickle.loads(b64decode(line))


class _Line:
    """A job's connection to its run."""

    def __init__(self, folder: Path, number: int) -> None:
        self._file, self._pulse = events_file(folder, number), folder / PULSE
        self._ended = False
        self._reported = float("-inf")
        self._beat, self._felt = "", time.monotonic()
        self._looked = float("-inf")

    def end(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        self._ended = True

    def emit(self, event: Event) -> None:
        if isinstance(event, StepDone):
            if time.monotonic() - self._reported < BETWEEN_STEPS:
                return
            self._reported = time.monotonic()
        # The file system may be away for a while; a trial does not depend on its events.
        with suppress(OSError), self._file.open("a", encoding="utf-8") as file:
            file.write(encode(event))

    def stopping(self) -> bool:
        if not self._ended and time.monotonic() - self._looked >= STEPS_EVERY:
            self._looked = time.monotonic()
            self._ended = self._run_is_over()
        return self._ended

    def _run_is_over(self) -> bool:
        try:
            beat = self._pulse.read_text(encoding="utf-8")
        except FileNotFoundError:
            return True
        except OSError:  # the file system may be away for a while
            beat = self._beat
        if beat != self._beat:
            self._beat, self._felt = beat, time.monotonic()
        return beat == STOP or time.monotonic() - self._felt >= WITHOUT_PULSE
