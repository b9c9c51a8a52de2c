"""The engine of one machine: workers that train trials in parallel.

A worker that dies takes only its own trial with it.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ablations.records.checkpoints import TrialFiles
from ablations.run.engines.alone import STOP
from ablations.run.engines.processes import PATIENCE, Child, Dead, speaking
from ablations.run.engines.retries import RetryQueue
from ablations.run.engines.worker import serve
from ablations.run.events import (
    Emit,
    Event,
    StepDone,
    TrialFinished,
    TrialPaused,
    TrialStarted,
    WorkerDied,
)
from ablations.run.stopping import Stop
from ablations.training.trial_spec import TrialSpec


@dataclass(eq=False)
class _Worker:
    """A worker process, its trial, whether that has started, and its last reported step."""

    child: Child
    trial: TrialSpec | None = None
    started: bool = False
    step: int = 0
    began: float = field(default_factory=time.monotonic)

    def give(self, trial: TrialSpec, files: TrialFiles) -> None:
        self.trial, self.started, self.step, self.began = trial, False, 0, time.monotonic()
        self.child.send((trial, files))

    def stop(self) -> None:
        """Pause its trial. One that has not started has nothing to keep."""
        if self.started:
            self.child.send(STOP)
        else:
            self.trial = None


class Pool:
    """Trains trials in worker processes, which are kept for the next trials.

    A trial whose worker dies is retried once all others have started.

    Args:
        jobs: Number of workers, at least one.
        threads: Threads of each trial.
    """

    here = False

    def __init__(self, jobs: int, threads: int) -> None:
        self.jobs, self.threads = jobs, threads
        self._workers: list[_Worker] = []
        self._begun = 0

    def run(
        self,
        trials: Iterable[TrialSpec],
        files: Mapping[TrialSpec, TrialFiles],
        stop: Stop,
        emit: Emit,
    ) -> None:
        """See `Engine.run`."""
        with TemporaryDirectory() as folder:
            self._folder, self._retries = Path(folder), RetryQueue()
            try:
                for event in self._events(trials, files, stop):
                    emit(event)
            finally:
                while self._workers:
                    self._workers.pop().child.end()

    def _events(
        self, trials: Iterable[TrialSpec], files: Mapping[TrialSpec, TrialFiles], stop: Stop
    ) -> Iterator[Event]:
        fresh, stopping = iter(trials), False
        while True:
            if stop.asked and not stopping:
                self._stop()
                stopping = True
            while self._has_room() and not stopping:
                trial = next(fresh, None) or self._retries.next()
                if trial is None:
                    break
                self._idle().give(trial, files[trial])
            busy = {w.child: w for w in self._workers if w.trial is not None}
            if not busy or stop.overdue:
                return
            for child in speaking(list(busy), PATIENCE):
                event = self._next_event(busy[child])
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
        """Return a worker without a trial, a new one if all are busy."""
        for worker in self._workers:
            if worker.trial is None:
                return worker
        return self._begin()

    def _begin(self) -> _Worker:
        self._begun += 1
        crash = self._folder / f"{self._begun}.txt"
        worker = _Worker(Child(serve, (), self.threads, crash))
        self._workers.append(worker)
        return worker

    def _next_event(self, worker: _Worker) -> Event | None:
        trial = worker.trial
        assert trial is not None
        try:
            event: Any = worker.child.receive()
        except Dead:
            way, left = worker.child.autopsy()
            self._workers.remove(worker)
            worker.child.end()
            event = WorkerDied(trial, f"the process of this trial ended {way}", left)
        match event:
            case TrialStarted():
                worker.started = True
            case StepDone(step=step):
                worker.step = step
            case TrialFinished() | TrialPaused():
                worker.trial = None
            case WorkerDied():  # this worker, or one of the processes that trained with it
                worker.trial = None
                return self._retries.add(_with_circumstances(event, worker))
        return event


def _with_circumstances(died: WorkerDied, worker: _Worker) -> WorkerDied:
    seconds = time.monotonic() - worker.began
    found = (
        f"process {worker.child.process.pid}, {seconds:.1f} s after it was given the trial; "
        f"last reported step: {worker.step}"
    )
    return replace(died, details=f"{found}\n\n{died.details}")
