"""The engine that trains trials as Slurm jobs, through submitit.

Imported only with --engine slurm. As with every engine, the run writes the records: it waits while
its jobs are in the queue.
"""

import logging
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import FailedJobError, FailedSubmissionError, UncompletedJobError

from ablations.errors import SettingError, one_line
from ablations.records.checkpoints import TrialFiles
from ablations.run.engines.alone import STOP
from ablations.run.engines.processes import child_variables, environment
from ablations.run.engines.retries import MAX_ATTEMPTS, MAX_NODES, RetryQueue
from ablations.run.engines.slurm_tasks import PULSE, decode, events_file, train_job
from ablations.run.events import Emit, LastEvent, TrialFinished, TrialPaused, WorkerDied
from ablations.run.stopping import Stop
from ablations.training.trial_result import Failure, TrialResult
from ablations.training.trial_spec import TrialSpec

CLUSTER = "slurm"
"""The cluster for submitit; with "local" it runs jobs as processes of this machine."""

AT_ONCE = 1000
"""Jobs of an array, of which Slurm takes 1,001 where nobody has set that otherwise."""

PATIENCE = 0.5
"""Seconds between looks at jobs."""

PULSE_EVERY = 20.0
"""Seconds between signs of life."""

OWN = {
    *("nodes", "tasks_per_node", "ntasks_per_node", "name", "job_name", "stderr_to_stdout"),
    *("additional_parameters", "use_srun", "array_parallelism", "num_gpus", "time", "mem"),
}
"""What submitit would take and the engine decides, or submitit has in plainer words."""

GENERIC = submitit.AutoExecutor._typed_parameters()
"""Parameters that submitit has for every queue, with their types; all but OWN are numbers."""

LINES = {"setup", "teardown", "srun_args"}
"""What submitit takes lists of."""

FOR_ANOTHER = {"TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "CANCELLED", "REVOKED"}
"""States of a job that say nothing of its trial."""

logging.getLogger("submitit").setLevel(logging.CRITICAL)  # the run tells what was lost


def read_parameters(text: str) -> dict[str, Any]:
    """The parameters of submitit that `--slurm` names.

    Raises:
        SettingError: For an unknown parameter or a bad value.
    """
    found: dict[str, Any] = {}
    for pair in re.split(r",(?=\w+=)", text):
        name, _, value = pair.partition("=")
        known = name if name in GENERIC else f"slurm_{name}"
        try:
            if known in found:
                raise ValueError(f"{name} is named twice")
            found[known] = _read(name, value)
        except ValueError as error:
            raise SettingError("slurm", text, str(error)) from None
    return found


def _read(name: str, text: str) -> int | float | str | list[str]:
    """What submitit takes for it.

    Raises:
        ValueError: Where it takes nothing of that name, or not this.
    """
    if name in OWN or not (name in GENERIC or name in submitit.SlurmExecutor._valid_parameters()):
        raise ValueError(f"{name} is no parameter of a job, such as partition, timeout_min, mem_gb")
    if name in LINES:
        return [text]
    if name not in GENERIC:
        return int(text) if text.isdecimal() else text
    with suppress(ValueError):
        value = GENERIC[name](text)
        if 0 < value < float("inf") or (value == 0 and name == "gpus_per_node"):
            return value
    raise ValueError(f"{name} has to be a number, and more than none")


@dataclass(frozen=True)
class SlurmEngine:
    """The engine of a Slurm cluster.

    Attributes:
        output: Folder in which a folder for jobs is made, which all nodes see.
        jobs: Jobs at a time, waiting ones too; None: all, as far as Slurm takes them at once.
        parameters: Of submitit's executor.
        threads: Threads of each process of a trial.
    """

    output: Path
    jobs: int | None
    parameters: Mapping[str, Any]
    threads: int
    here = False

    def run(
        self,
        trials: Iterable[TrialSpec],
        files: Mapping[TrialSpec, TrialFiles],
        stop: Stop,
        emit: Emit,
    ) -> None:
        """See `Engine.run`. Jobs that have not ended in time have been cancelled.

        Raises:
            SettingError: Where Slurm takes no jobs, or none of these.
        """
        parent = self.output.absolute() / "slurm"
        parent.mkdir(parents=True, exist_ok=True)
        with _folder_in(parent) as folder:
            jobs = _Jobs(self, folder, files, emit)
            try:
                jobs.run(trials, stop)
            finally:
                jobs.cancel()


@contextmanager
def _folder_in(parent: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # a job that ends now may still write there
        with suppress(OSError):
            parent.rmdir()


@dataclass
class _Job:
    """A submitted job. number: its number in the folder of events; read: bytes of those read."""

    job: "submitit.Job[Any]"
    trial: TrialSpec
    number: int
    read: int = 0


class _Jobs:
    """The trials of one call of `SlurmEngine.run`."""

    def __init__(
        self,
        engine: SlurmEngine,
        folder: Path,
        files: Mapping[TrialSpec, TrialFiles],
        emit: Emit,
    ) -> None:
        self.engine, self.folder, self.files, self.emit = engine, folder, files, emit
        self._running: list[_Job] = []
        self._begun = 0
        self._retries = RetryQueue()
        self._beats, self._beaten = 0, float("-inf")
        self._executor = submitit.AutoExecutor(folder / "jobs", cluster=CLUSTER)
        self._executor.update_parameters(**engine.parameters)

    def run(self, trials: Iterable[TrialSpec], stop: Stop) -> None:
        fresh, stopping = iter(trials), False
        while True:
            if stop.asked and not stopping:
                self._say(STOP)
                self.cancel()
                stopping = True
            if not stopping:
                self._beat()
                room = (self.engine.jobs or AT_ONCE) - len(self._running)
                begun = list(islice(fresh, room))
                again = islice(iter(self._retries.next, None), room - len(begun))
                self._begin([*begun, *again])
            if not self._running or stop.overdue:
                return
            time.sleep(PATIENCE)
            for job in list(self._running):
                self._look_at(job, stopping)

    def cancel(self) -> None:
        """Jobs that train have, by Slurm's settings, half a minute for a checkpoint."""
        for job in self._running:
            job.job.cancel(check=False)

    def _begin(self, trials: Sequence[TrialSpec]) -> None:
        numbers = range(self._begun, self._begun + len(trials))
        self._begun += len(trials)
        work = [
            partial(train_job, self.folder, number, Path.cwd(), trial, self.files[trial])
            for number, trial in zip(numbers, trials, strict=True)
        ]
        if not work:
            return
        with environment(child_variables(self.engine.threads)), submitit.helpers.clean_env():
            try:
                jobs = self._executor.submit_array(work)
            except (FailedJobError, FailedSubmissionError, OSError) as error:
                raise SettingError("engine", "slurm", one_line(error)) from None
        self._running += map(_Job, jobs, trials, numbers)

    def _beat(self) -> None:
        if time.monotonic() - self._beaten >= PULSE_EVERY:
            self._beats, self._beaten = self._beats + 1, time.monotonic()
            self._say(str(self._beats))

    def _say(self, text: str) -> None:
        with suppress(OSError):  # of a file system that is away for a while
            (self.folder / PULSE).write_text(text, encoding="utf-8")

    def _look_at(self, job: _Job, stopping: bool) -> None:
        over = job.job.done()
        self._pass_on(job)
        if not over:
            return
        self._running.remove(job)
        try:
            last = job.job.result()
        except FailedJobError as error:  # a node that lacks the program, or a folder
            known = f"{error}\n"
            failure = Failure(f"its job failed: {one_line(error)}", True, known)
            self.emit(TrialFinished(job.trial, TrialResult(failure=failure)))
        except UncompletedJobError as error:
            state = job.job.state
            most = MAX_NODES if state.partition(" ")[0] in FOR_ANOTHER else MAX_ATTEMPTS
            reason = f"the job of this trial ended as {state}"
            if not stopping:
                self.emit(self._retries.add(WorkerDied(job.trial, reason, f"\n{error}\n"), most))
        else:
            self._end(job, last, stopping)

    def _end(self, job: _Job, last: LastEvent, stopping: bool) -> None:
        if isinstance(last, WorkerDied):
            self.emit(self._retries.add(last))
        elif isinstance(last, TrialPaused) and not stopping:
            told = WorkerDied(job.trial, "the job of this trial was told to end", "")
            self.emit(self._retries.add(told, MAX_NODES))
        else:
            self.emit(last)

    def _pass_on(self, job: _Job) -> None:
        try:
            with events_file(self.folder, job.number).open("rb") as file:
                file.seek(job.read)
                lines = file.read().rpartition(b"\n")[0]
        except FileNotFoundError:
            return
        if lines:
            job.read += len(lines) + 1
            for line in lines.decode().splitlines():
                self.emit(decode(line))
