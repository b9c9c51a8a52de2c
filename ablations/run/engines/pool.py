"""Processes that train trials side by side. One that dies takes its trial with it and no other."""

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
from ablations.run.engines.messages import STOP, Died, event_of
from ablations.run.engines.processes import PATIENCE, Child, Dead, speaking
from ablations.run.engines.worker import train_trials
from ablations.run.stopping import Stop
from ablations.training.trial import Failure, Trial
from ablations.training.trial_files import TrialFiles


@dataclass(eq=False)
class _Worker:
    """A process, the trial that it is at, whether that has begun, and the last step told."""

    child: Child
    trial: Trial | None = None
    started: bool = False
    step: int = 0
    began: float = field(default_factory=time.monotonic)

    def give(self, trial: Trial, files: TrialFiles) -> None:
        self.trial, self.started, self.step, self.began = trial, False, 0, time.monotonic()
        self.child.send((trial, files))

    def stop(self) -> None:
        """Asks for an end of its trial; one that has not begun has nothing to keep."""
        if self.started:
            self.child.send(STOP)
        else:
            self.trial = None


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
                    self._workers.pop().child.end()

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
            busy = {w.child: w for w in self._workers if w.trial is not None}
            if not busy or stop.overdue:
                return
            for child in speaking(list(busy), PATIENCE):
                event = self._next_event(busy[child], attempts)
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
        worker = _Worker(Child(train_trials, (), self.threads, crash))
        self._workers.append(worker)
        return worker

    def _next_event(self, worker: _Worker, attempts: Counter[Trial]) -> Event | None:
        trial = worker.trial
        assert trial is not None
        try:
            told = worker.child.receive()
        except Dead:
            way, left = worker.child.autopsy()
            self._workers.remove(worker)
            worker.child.end()
            died = Died(f"the process of this trial ended {way}", left)
            return _lost(worker, trial, attempts[trial], died)
        if told is None:
            return None
        if isinstance(told, Died):  # not this one, but one that it has watched
            worker.trial = None
            return _lost(worker, trial, attempts[trial], told)
        event = event_of(trial, told)
        match event:
            case Started():
                worker.started = True
            case Stepped(step=step):
                worker.step = step
            case Ended() | Paused():
                worker.trial = None
        return event


def _lost(worker: _Worker, trial: Trial, attempt: int, died: Died) -> Event:
    if attempt < ATTEMPTS:
        return Lost(trial, died.reason)
    known = (
        f"{died.reason}, in attempt {attempt} of {ATTEMPTS}.\n"
        f"process {worker.child.process.pid}, {time.monotonic() - worker.began:.1f} s after it was "
        f"given the trial; the last step that it told was {worker.step}\n\n{died.known}"
    )
    return Ended(trial, Failure(died.reason, True, known))
