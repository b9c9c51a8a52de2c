"""A process that trains one trial after another."""

import faulthandler
import os
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING

from ablations.run.engines.messages import train_telling
from ablations.run.stopping import SIGNALS

if TYPE_CHECKING:
    from ablations.data.images import ImageData
    from ablations.data.registry import Wanted

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What libraries read, when they are loaded, for the number of their threads."""

STOP = "stop"
"""Sent to the process: it is to keep what it has of its trial, and to train no other."""


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
        # While a trial runs, nothing but STOP comes.
        last = train_telling(trial, files, loaded, connection.send, stopping=connection.poll)
        connection.send(last)
