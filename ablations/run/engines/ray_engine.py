"""The engine that trains trials as tasks of Ray Core, on the nodes of a cluster.

Imported only with --engine ray. As with every engine, the run writes the records. Ray itself must
not retry a task (max_retries=0): out of memory, it would retry without end and without a word.
"""

import errno
import logging
import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import (
    NodeDiedError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ablations.errors import SettingError, one_line
from ablations.records.checkpoints import TrialFiles
from ablations.run.engines.ray_tasks import Board, train_task
from ablations.run.engines.retries import MAX_ATTEMPTS, MAX_NODES, RetryQueue
from ablations.run.events import Emit, Notice, TrialFinished, WorkerDied
from ablations.run.stopping import SIGNALS, Stop
from ablations.training.trial_result import failed
from ablations.training.trial_spec import TrialSpec

PATIENCE = 0.5
"""Seconds between two polls of the board."""


@dataclass(frozen=True)
class RayEngine:
    """Trains trials on a Ray cluster.

    Attributes:
        address: Address of the cluster. None: the cluster that RAY_ADDRESS or `ray start` names on
            this machine, else one on this machine that ends with the run.
        jobs: Tasks submitted at once. None: as many as the nodes hold and one more, whose waiting
            makes an autoscaling cluster grow.
        cpus: CPUs per task.
        gpus: GPUs per task.
    """

    address: str | None
    jobs: int | None
    cpus: float
    gpus: float
    here = False

    def run(
        self,
        trials: Iterable[TrialSpec],
        files: Mapping[TrialSpec, TrialFiles],
        stop: Stop,
        emit: Emit,
    ) -> None:
        """See `Engine.run`. Ray ends tasks that are still running when it returns.

        Raises:
            SettingError: If no cluster answers.
            OSError: If the cluster is lost.
        """
        with _connected(self.address):
            try:
                _Tasks(self, files, emit).run(trials, stop)
            except RayError as error:
                told = f"the cluster is lost ({one_line(error)}); the same command resumes"
                raise OSError(errno.ECONNRESET, told, "ray") from None


@contextmanager
def _connected(address: str | None) -> Iterator[None]:
    """Make this process a driver of the cluster.

    Raises:
        SettingError: If no cluster answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Silences a warning about GPUs visible to CPU tasks; trials on the CPU do not use them.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    logging.getLogger("ray").setLevel(logging.CRITICAL)  # the run reports lost tasks
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        try:
            ray.init(address, log_to_driver=False, configure_logging=False, include_dashboard=False)
        except (RayError, OSError, RuntimeError, ValueError) as error:
            problem = f"no Ray cluster answers ({one_line(error)})"
            raise SettingError("ray-address", address or "", problem) from None
        finally:
            _restore(handlers)  # Ray takes SIGTERM for itself
        yield
    finally:
        ray.shutdown()


def _restore(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


@dataclass(frozen=True)
class _Task:
    """A submitted task. number: its number on the board; each attempt has its own."""

    trial: TrialSpec
    number: int


class _Tasks:
    """The trials of one call of `RayEngine.run`."""

    def __init__(
        self, engine: RayEngine, files: Mapping[TrialSpec, TrialFiles], emit: Emit
    ) -> None:
        self.engine, self.files, self.emit = engine, files, emit
        self._running: dict[ray.ObjectRef, _Task] = {}
        self._started: set[int] = set()
        self._begun = 0
        self._retries = RetryQueue()
        self._stopping = False
        here = ray.get_runtime_context().get_node_id()
        beside = NodeAffinitySchedulingStrategy(here, soft=False)  # must survive other nodes
        board = ray.remote(Board).options(
            num_cpus=0,
            scheduling_strategy=beside,
            # Ray may kill the board, too, when the node runs out of memory.
            max_restarts=-1,
            max_task_retries=-1,
        )
        self._board: Any = board.remote()
        self._task = ray.remote(train_task).options(
            num_cpus=engine.cpus, num_gpus=engine.gpus, max_retries=0
        )

    def run(self, trials: Iterable[TrialSpec], stop: Stop) -> None:
        self._warn_without_room()
        fresh = iter(trials)
        while True:
            if stop.asked and not self._stopping:
                self._stop()
            while not self._stopping and len(self._running) < self._wanted():
                trial = next(fresh, None) or self._retries.next()
                if trial is None:
                    break
                self._begin(trial)
            if not self._running or stop.overdue:
                return
            ended, _ = ray.wait(list(self._running), timeout=PATIENCE)
            self._pass_on()
            for found in ended:
                self._end(found)

    def _wanted(self) -> int:
        return self.engine.jobs or self._room() + 1

    def _room(self) -> int:
        """Return how many tasks the current nodes hold at once."""
        asked = {"CPU": self.engine.cpus, "GPU": self.engine.gpus}
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return sum(
            int(min(node.get(name, 0) / each for name, each in asked.items() if each))
            for node in nodes
        )

    def _warn_without_room(self) -> None:
        if not self._room():
            asked = f"{self.engine.cpus:g} CPUs and {self.engine.gpus:g} GPUs"
            self.emit(Notice(f"no node of the Ray cluster has {asked}; waiting for one"))

    def _begin(self, trial: TrialSpec) -> None:
        self._begun += 1
        found = self._task.remote(self._board, self._begun, Path.cwd(), trial, self.files[trial])
        self._running[found] = _Task(trial, self._begun)

    def _stop(self) -> None:
        """Stop all tasks: training ones at their next step; others have nothing to keep."""
        self._stopping = True
        self._pass_on()
        self._running = {
            found: task for found, task in self._running.items() if task.number in self._started
        }

    def _pass_on(self) -> None:
        """Emit the events of the tasks, except lost ones."""
        running = {task.number for task in self._running.values()}
        for number, event in ray.get(self._board.take.remote(self._stopping)):
            if number in running:
                self._started.add(number)
                self.emit(event)

    def _end(self, found: "ray.ObjectRef") -> None:
        trial = self._running.pop(found).trial
        try:
            last = ray.get(found)
        except RayTaskError as error:  # the program or the folder is missing on the node
            cause = error.cause if isinstance(error.cause, Exception) else error
            self.emit(TrialFinished(trial, failed(cause)))
        except RayError as error:
            reason, most = _reason(error)
            self.emit(self._retries.add(WorkerDied(trial, reason, f"\n{error}\n"), most))
        else:
            self.emit(self._retries.add(last) if isinstance(last, WorkerDied) else last)


def _reason(error: RayError) -> tuple[str, int]:
    """Return why a task was lost, and how often its trial may be lost like that."""
    if isinstance(error, NodeDiedError):
        return "the node of this trial was lost", MAX_NODES
    if isinstance(error, OutOfMemoryError):
        return "Ray ended the process of this trial, as its node was short of memory", MAX_ATTEMPTS
    if isinstance(error, WorkerCrashedError):
        return "the process of this trial died on its node", MAX_ATTEMPTS
    return f"Ray lost this trial ({one_line(error)})", MAX_ATTEMPTS
