"""Processes that train trials side by side. One that dies takes its trial with it and no other."""

import os
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess, SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from ablations.run.engines.engine import (
    ATTEMPTS,
    Ended,
    Event,
    Lost,
    OnEvent,
    Paused,
    Started,
    Stepped,
)
from ablations.run.engines.messages import event_of
from ablations.run.engines.worker import STOP, THREAD_VARIABLES, train_trials
from ablations.run.stopping import SIGNALS, Stop
from ablations.training.trial import Failure, Trial
from ablations.training.trial_files import TrialFiles

PATIENCE = 1.0
"""Seconds between looks at whether a process has died that did not say so: children of its own can
keep its pipes open."""

if sys.platform == "linux":
    PROCESSES = get_context("forkserver")
    PROCESSES.set_forkserver_preload(["ablations.training.trial"])
else:  # where a fork of what is loaded is not safe, or there is none
    PROCESSES = get_context("spawn")
"""How processes begin: as forks of one that has imported what they need and done nothing else,
which spares each some seconds; or fresh."""


@dataclass(eq=False)
class _Worker:
    """A process, our end of its connection, the trial that it is at, whether that has begun, and
    the last step told."""

    process: ForkServerProcess | SpawnProcess
    connection: Connection
    crash: Path
    trial: Trial | None = None
    started: bool = False
    step: int = 0
    began: float = field(default_factory=time.monotonic)

    def give(self, trial: Trial, files: TrialFiles) -> None:
        self.trial, self.started, self.step, self.began = trial, False, 0, time.monotonic()
        self._send((trial, files))

    def stop(self) -> None:
        """Asks for an end of its trial; one that has not begun has nothing to keep."""
        if self.started:
            self._send(STOP)
        else:
            self.trial = None

    def _send(self, told: object) -> None:
        with suppress(OSError):  # it has died, which is seen when its events are asked for
            self.connection.send(told)

    def end(self) -> None:
        """Ends it with all processes that it has started, at once."""
        self.connection.close()
        if self.process.pid is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            self.process.kill()  # it leads no group yet
        self.process.join()


class Pool:
    """The engine of one machine: trials in processes of their own, kept for the next ones.

    One whose process dies is begun again when all others have been begun.

    Args:
        jobs: Processes at a time, at least one.
        threads: Of each trial.
    """

    here = False

    def __init__(self, jobs: int, threads: int) -> None:
        self.jobs, self.threads = jobs, threads
        self._workers: list[_Worker] = []
        self._begun = 0

    def run(
        self,
        trials: Iterable[Trial],
        files: Mapping[Trial, TrialFiles],
        stop: Stop,
        tell: OnEvent,
    ) -> None:
        """See `Engine.run`."""
        with TemporaryDirectory() as folder:
            self._folder = Path(folder)
            try:
                for event in self._events(trials, files, stop):
                    tell(event)
            finally:
                while self._workers:
                    self._workers.pop().end()

    def _events(
        self, trials: Iterable[Trial], files: Mapping[Trial, TrialFiles], stop: Stop
    ) -> Iterator[Event]:
        fresh, lost = iter(trials), deque[Trial]()
        attempts: Counter[Trial] = Counter()
        stopping = False
        while True:
            if stop.asked and not stopping:
                self._stop()
                stopping = True
            while self._has_room() and not stopping:
                trial = next(fresh, None) or (lost.popleft() if lost else None)
                if trial is None:
                    break
                attempts[trial] += 1
                self._idle().give(trial, files[trial])
            busy = [worker for worker in self._workers if worker.trial is not None]
            if not busy or stop.overdue:
                return
            for worker in _ready(busy):
                event = self._next_event(worker, attempts)
                if isinstance(event, Lost):
                    lost.append(event.trial)
                if event is not None:
                    yield event

    def _stop(self) -> None:
        for worker in self._workers:
            if worker.trial is not None:
                worker.stop()

    def _has_room(self) -> bool:
        busy = sum(worker.trial is not None for worker in self._workers)
        return busy < self.jobs

    def _idle(self) -> _Worker:
        """A process without a trial, a new one where none is idle."""
        for worker in self._workers:
            if worker.trial is None:
                return worker
        return self._begin()

    def _begin(self) -> _Worker:
        self._begun += 1
        crash = self._folder / f"{self._begun}.txt"
        ours, theirs = PROCESSES.Pipe()
        variables = os.environ | dict.fromkeys(THREAD_VARIABLES, str(self.threads))
        process = PROCESSES.Process(target=train_trials, args=(theirs, variables, crash))
        worker = _Worker(process, ours, crash)
        self._workers.append(worker)
        # Until it can leave signals to this process, it must not see them.
        signals = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            with _environment(variables | _of_interpreter()):  # where it is the first
                process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        theirs.close()
        return worker

    def _next_event(self, worker: _Worker, attempts: Counter[Trial]) -> Event | None:
        trial = worker.trial
        assert trial is not None
        try:
            told = worker.connection.recv() if worker.connection.poll() else None
        except (EOFError, OSError):
            return self._lost(worker, trial, attempts[trial])
        if told is None:
            dead = worker.process.exitcode is not None and not worker.connection.poll()
            return self._lost(worker, trial, attempts[trial]) if dead else None
        event = event_of(trial, told)
        match event:
            case Started():
                worker.started = True
            case Stepped(step=step):
                worker.step = step
            case Ended() | Paused():
                worker.trial = None
        return event

    def _lost(self, worker: _Worker, trial: Trial, attempt: int) -> Event:
        self._workers.remove(worker)
        worker.process.join(PATIENCE)  # so that it ends in its own way
        worker.end()
        reason = f"the process of this trial ended {_way(worker.process.exitcode)}"
        if attempt < ATTEMPTS:
            return Lost(trial, reason)
        return Ended(trial, Failure(reason, True, _known(worker, reason, attempt)))


def _of_interpreter() -> dict[str, str]:
    """Variables with which an interpreter imports what this one does, and nothing in place of it
    from the folder that it is started in."""
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _ready(busy: Sequence[_Worker]) -> list[_Worker]:
    """Those that have something to tell or have died; none after a while without either."""
    ready = wait([worker.connection for worker in busy], PATIENCE)
    return [
        worker
        for worker in busy
        if worker.connection in ready or worker.process.exitcode is not None
    ]


def _way(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"with exit code {exitcode}"
    try:
        name = f" ({signal.Signals(-exitcode).name})"
    except ValueError:
        name = ""
    short = ", as the system ends processes where memory is short" * (-exitcode == signal.SIGKILL)
    return f"with signal {-exitcode}{name}{short}"


def _known(worker: _Worker, reason: str, attempt: int) -> str:
    """What is known of the end of a process, for a log."""
    seconds = time.monotonic() - worker.began
    crashed = worker.crash.read_text(errors="replace") or "It left no traceback.\n"
    return (
        f"{reason}, in attempt {attempt} of {ATTEMPTS}.\n"
        f"process {worker.process.pid}, {seconds:.1f} s after it was given the trial; "
        f"the last step that it told was {worker.step}\n\n{crashed}"
    )
