"""A process that trains one trial after another."""

import faulthandler
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING

from ablations.run.stopping import SIGNALS

if TYPE_CHECKING:
    from ablations.data.images import ImageData
    from ablations.data.registry import Wanted
    from ablations.training.trial import Failure, Outcome, Trial
    from ablations.training.trial_files import TrialFiles

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What libraries read, when they are loaded, for the number of their threads."""

STARTED = "started"
"""Sent when a trial begins; behind it come steps, (steps done, loss), and last its outcome."""

STOP = "stop"
"""Sent to the process: it is to keep what it has of its trial, and to train no other."""

PAUSED = "paused"
"""Sent in place of an outcome, when that is done."""

SILENCE = 0.2
"""Seconds between two steps that are told."""


@dataclass(frozen=True)
class Notice:
    """Sent where something is to be told while a trial goes on."""

    line: str


def train_trials(connection: Connection, variables: Mapping[str, str], crash: Path) -> None:
    """Trains every trial that comes through `connection`, until STOP comes or the other end closes.

    Args:
        connection: Trials come from it, each with its files, and what happens to them goes to it.
        variables: The environment, which may be another one's in a process that was forked.
        crash: File for what Python knows where the process crashes.
    """
    _stand_alone()
    os.environ.clear()
    os.environ.update(variables)
    with crash.open("w") as file:
        faulthandler.enable(file)
        with suppress(EOFError, ConnectionError):  # the other end is gone, maybe killed
            _train_all(connection)


def _stand_alone() -> None:
    """Leads a group of processes, which can be ended together with those that read images, leaves
    signals to the parent, and ends with it."""
    os.setpgid(0, 0)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.killpg(0, signal.SIGKILL)


def _train_all(connection: Connection) -> None:
    from ablations.training.allocator import keep_freed_memory

    keep_freed_memory()
    loaded: dict[Wanted, ImageData] = {}
    while True:
        task = connection.recv()
        if task == STOP:
            return
        trial, files = task
        connection.send(_train(trial, files, loaded, connection))


def _train(
    trial: "Trial",
    files: "TrialFiles",
    loaded: "dict[Wanted, ImageData]",
    connection: Connection,
) -> "Outcome | Failure | str":
    from ablations.training.keeper import TrialPaused
    from ablations.training.trial import failure_of, run_trial

    try:
        setup = trial.setup(loaded)
        connection.send(STARTED)
        # While a trial runs, nothing but STOP comes.
        on_step, stopping = _telling(connection), connection.poll
        return run_trial(
            setup, trial, files, on_step, stopping, tell=lambda line: connection.send(Notice(line))
        )
    except TrialPaused:
        return PAUSED
    except (Exception, SystemExit) as error:  # before training, such as images that are not there
        return failure_of(error)


def _telling(connection: Connection) -> Callable[[int, float], None]:
    """Tells a step now and then: the first, and those after some silence."""
    told = 0.0

    def on_step(step: int, loss: float) -> None:
        nonlocal told
        if time.monotonic() - told >= SILENCE:
            told = time.monotonic()
            connection.send((step, loss))

    return on_step
