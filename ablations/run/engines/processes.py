"""Child processes for work that may crash, ended together with everything that they start."""

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from ablations.run.stopping import SIGNALS

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What libraries read, when they are loaded, for the number of their threads."""

PATIENCE = 1.0
"""Seconds between checks for silently dead processes, whose children may keep their pipes open, and
seconds that a dying process gets to end by itself."""

if sys.platform == "linux":
    PROCESSES = get_context("forkserver")
    PRELOADED = ["ablations.records.checkpoints", "ablations.training.trial", "torch._dynamo"]
    PROCESSES.set_forkserver_preload(PRELOADED)  # every optimizer imports torch._dynamo
else:  # where a fork of what is loaded is not safe, or there is none
    PROCESSES = get_context("spawn")
"""How processes start: forked from a server that has only imported what they need, which saves each
some seconds, or fresh."""


class Dead(Exception):
    """A process that has ended with nothing left to be read from it."""


class Child:
    """A process that does one piece of work, and our end of its connection.

    Args:
        work: Called there with the other end and `arguments`; a module's function. That our end is
            closed may end it, as an EOFError or a ConnectionError.
        arguments: For `work`.
        threads: Threads that libraries may use.
        crash: File for what Python knows where the process crashes.
    """

    def __init__(
        self, work: Callable[..., None], arguments: Sequence[Any], threads: int, crash: Path
    ) -> None:
        self.crash = crash
        self.connection, theirs = PROCESSES.Pipe()
        variables = os.environ | _of_threads(threads)
        given = (theirs, variables, crash, work, arguments)
        self.process = PROCESSES.Process(target=_run, args=given)
        with _for_children(threads):
            self.process.start()
        theirs.close()

    @property
    def dead(self) -> bool:
        return self.process.exitcode is not None

    def send(self, told: object) -> None:
        with suppress(OSError):  # it has died, which is seen when it is asked for something
            self.connection.send(told)

    def receive(self) -> object | None:
        """What it has sent next; None where that is nothing yet.

        Raises:
            Dead: Where nothing will come.
        """
        try:
            if self.connection.poll():
                return self.connection.recv()
        except (EOFError, OSError):
            raise Dead from None
        if self.dead and not self.connection.poll():
            raise Dead
        return None

    def end(self) -> None:
        """End it with all processes that it has started, at once."""
        self.connection.close()
        if self.process.pid is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            self.process.kill()  # it leads no group yet
        self.process.join()

    def autopsy(self) -> tuple[str, str]:
        """Return how a dead or dying process ended, and what it left in its file."""
        self.process.join(PATIENCE)  # let it end by itself
        left = self.crash.read_text(errors="replace") or "It left no traceback.\n"
        return _way(self.process.exitcode), left


def start_server(threads: int) -> None:
    """Start the server that workers are forked from; it imports what they need in the background.

    Without this call the first worker starts it and waits. Does nothing where workers start afresh.

    Args:
        threads: Threads that libraries may use.
    """
    if PROCESSES.get_start_method() == "forkserver":
        with _for_children(threads):
            forkserver.ensure_running()


@contextmanager
def _for_children(threads: int) -> Iterator[None]:
    """Start processes with signals blocked and with the environment of children.

    A child must not see signals until it can leave them to this process, nor must the process that
    it is forked from. The resource tracker, which the first start launches, would unblock them.
    """
    resource_tracker.ensure_running()
    signals = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        with environment(child_variables(threads)):
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)


def speaking(children: Sequence[Child], seconds: float) -> list[Child]:
    """Wait for children that have sent something or died; return none after `seconds` without."""
    ready = wait([child.connection for child in children], seconds)
    return [child for child in children if child.connection in ready or child.dead]


def _way(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"with exit code {exitcode}"
    try:
        name = f" ({signal.Signals(-exitcode).name})"
    except ValueError:
        name = ""
    short = ", as the system ends processes where memory is short" * (-exitcode == signal.SIGKILL)
    return f"with signal {-exitcode}{name}{short}"


def _of_threads(number: int) -> dict[str, str]:
    return dict.fromkeys(THREAD_VARIABLES, str(number))


def child_variables(threads: int) -> dict[str, str]:
    """Return the environment of a fresh process.

    Libraries use this many threads, the interpreter imports what this one does and nothing from its
    working folder instead, and torch's C++ code writes no warnings past Python to the terminal.
    """
    return {
        **os.environ,
        **_of_threads(threads),
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TORCH_CPP_LOG_LEVEL": os.environ.get("TORCH_CPP_LOG_LEVEL", "ERROR"),
    }


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Add variables to this process' environment for as long as the context lasts."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _run(
    connection: Connection,
    variables: Mapping[str, str],
    crash: Path,
    work: Callable[..., None],
    arguments: Sequence[Any],
) -> None:
    """The work of a Child; variables: the environment, which may be another one's in a process
    that was forked."""
    _stand_alone()
    os.environ.clear()
    os.environ.update(variables)
    with crash.open("w") as file:
        faulthandler.enable(file)
        with suppress(EOFError, ConnectionError):  # the other end is gone, maybe killed
            work(connection, *arguments)


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
