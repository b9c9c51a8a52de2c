"""Trials as tasks of Ray Core, on the nodes of a cluster. Needs Ray, and is imported only where it
is asked for.

Records are written by the run, as with every engine; Ray keeps nothing that counts. A task may not
be repeated by Ray itself (max_retries=0): for want of memory Ray would repeat it without end, and
nobody would be told.
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
from ablations.run.engines.engine import ATTEMPTS, NODES, Ended, Noticed, OnEvent
from ablations.run.engines.losses import Losses
from ablations.run.engines.messages import Died, event_of
from ablations.run.engines.ray_tasks import Board, train_task
from ablations.run.stopping import SIGNALS, Stop
from ablations.training.trial import Trial, failure_of
from ablations.training.trial_files import TrialFiles

PATIENCE = 0.5
"""Seconds between looks at what tasks have told."""


@dataclass(frozen=True)
class RayEngine:
    """The engine of a cluster.

    Attributes:
        address: Of the cluster; None: the one that RAY_ADDRESS or `ray start` has named here, else
            one on this machine, which ends with the run.
        jobs: Tasks that are given to Ray at a time; None: as many as the nodes hold, and one that
            waits, from which a cluster that grows sees that it is too small.
        cpus: Of each task.
        gpus: Of each task.
    """

    address: str | None
    jobs: int | None
    cpus: float
    gpus: float
    here = False

    def run(
        self,
        trials: Iterable[Trial],
        files: Mapping[Trial, TrialFiles],
        stop: Stop,
        tell: OnEvent,
    ) -> None:
        """See `Engine.run`. Where it ends before its tasks, Ray ends these.

        Raises:
            SettingError: Where no cluster answers.
            OSError: Where it is lost with all that it ran.
        """
        with _connected(self.address):
            try:
                _Tasks(self, files, tell).run(trials, stop)
            except RayError as error:
                told = f"the cluster is lost ({one_line(error)}); the same command goes on"
                raise OSError(errno.ECONNRESET, told, "ray") from None


@contextmanager
def _connected(address: str | None) -> Iterator[None]:
    """Within it this process is a driver of the cluster.

    Raises:
        SettingError: Where no cluster answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # tells its makers nothing
    # Ray warns that it will no longer hide GPUs from tasks without any: trials on the CPU look for
    # none.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    logging.getLogger("ray").setLevel(logging.CRITICAL)  # the run tells what was lost
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
    """A task that Ray has. number: on the board, where every attempt has its own."""

    trial: Trial
    number: int


class _Tasks:
    """The trials of one call of `RayEngine.run`."""

    def __init__(self, engine: RayEngine, files: Mapping[Trial, TrialFiles], tell: OnEvent) -> None:
        self.engine, self.files, self.tell = engine, files, tell
        self._running: dict[ray.ObjectRef, _Task] = {}
        self._started: set[int] = set()
        self._begun = 0
        self._losses = Losses()
        self._stopping = False
        here = ray.get_runtime_context().get_node_id()
        beside = NodeAffinitySchedulingStrategy(here, soft=False)  # no other node's end ends it
        board = ray.remote(Board).options(
            num_cpus=0,
            scheduling_strategy=beside,
            # Where the node is short of memory Ray may end it as it ends tasks.
            max_restarts=-1,
            max_task_retries=-1,
        )
        self._board: Any = board.remote()
        self._task = ray.remote(train_task).options(
            num_cpus=engine.cpus, num_gpus=engine.gpus, max_retries=0
        )

    def run(self, trials: Iterable[Trial], stop: Stop) -> None:
        self._tell_of_room()
        fresh = iter(trials)
        while True:
            if stop.asked and not self._stopping:
                self._stop()
            while not self._stopping and len(self._running) < self._wanted():
                trial = next(fresh, None) or self._losses.next()
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
        """Tasks that the nodes of now hold at a time."""
        asked = {"CPU": self.engine.cpus, "GPU": self.engine.gpus}
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return sum(
            int(min(node.get(name, 0) / each for name, each in asked.items() if each))
            for node in nodes
        )

    def _tell_of_room(self) -> None:
        if not self._room():
            asked = f"{self.engine.cpus:g} CPUs and {self.engine.gpus:g} GPUs"
            self.tell(Noticed(f"no node of the Ray cluster has {asked}; waiting for one"))

    def _begin(self, trial: Trial) -> None:
        self._begun += 1
        found = self._task.remote(self._board, self._begun, Path.cwd(), trial, self.files[trial])
        self._running[found] = _Task(trial, self._begun)

    def _stop(self) -> None:
        """Tasks that train see it at their next step; the others have nothing to keep."""
        self._stopping = True
        self._pass_on()
        self._running = {
            found: task for found, task in self._running.items() if task.number in self._started
        }

    def _pass_on(self) -> None:
        """Tells what tasks have told, those aside that have been lost."""
        trials = {task.number: task.trial for task in self._running.values()}
        for number, told in ray.get(self._board.take.remote(self._stopping)):
            if number in trials:
                self._started.add(number)
                self.tell(event_of(trials[number], told))

    def _end(self, found: "ray.ObjectRef") -> None:
        trial = self._running.pop(found).trial
        try:
            last = ray.get(found)
        except RayTaskError as error:  # a node that lacks the program or the folder
            cause = error.cause if isinstance(error.cause, Exception) else error
            self.tell(Ended(trial, failure_of(cause)))
        except RayError as error:
            reason, most = _way(error)
            self.tell(self._losses.take(trial, Died(reason, f"{error}\n"), most))
        else:
            if isinstance(last, Died):
                self.tell(self._losses.take(trial, last, ATTEMPTS))
            else:
                self.tell(event_of(trial, last))


def _way(error: RayError) -> tuple[str, int]:
    """What became of a task, and how often it may."""
    if isinstance(error, NodeDiedError):
        return "the node of this trial was lost", NODES
    if isinstance(error, OutOfMemoryError):
        return "Ray ended the process of this trial, as its node was short of memory", ATTEMPTS
    if isinstance(error, WorkerCrashedError):
        return "the process of this trial died on its node", ATTEMPTS
    return f"Ray lost this trial ({one_line(error)})", ATTEMPTS
