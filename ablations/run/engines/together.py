"""Trials that several processes of one machine train together.

A process that fails or dies leaves the others waiting for it, so this process watches them all.

It starts them as `Child`, as the pool does, because torch's launchers (`start_processes` of
`torch.multiprocessing` and of `torch.distributed.elastic.multiprocessing`) break three promises of
a run:

- No process outlives the program: they end the processes that they started, but not those that read
  images for these. If the program is killed they send SIGINT, which a process that is to write a
  checkpoint after a Ctrl-C has to ignore.
- A Ctrl-C leaves a checkpoint: it reaches their processes at once, and the elastic launcher
  installs its own signal handlers in this process.
- A death has a reason: they report the first process that ended, which may be one that only lost
  its connection to the dead one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ablations.run.engines.alone import STEPS_EVERY, STOP, train
from ablations.run.engines.processes import PATIENCE, Child, Dead, speaking
from ablations.run.events import Emit, Event, LastEvent, TrialFinished, WorkerDied
from ablations.training.trial_result import failed

if TYPE_CHECKING:
    from ablations.data.images import Share
    from ablations.records.checkpoints import TrialFiles
    from ablations.training.trial_spec import TrialSpec


@dataclass(frozen=True)
class _Over:
    """The last message of a process."""

    last: LastEvent


def train_together(
    trial: "TrialSpec",
    files: "TrialFiles",
    emit: Emit,
    stopping: Callable[[], bool],
) -> LastEvent:
    """Train a trial in processes beside this one; all have ended when it returns."""
    from ablations.data.images import Share

    of, children = trial.settings.processes, list[Child]()
    with TemporaryDirectory() as name:
        folder = Path(name)
        try:
            for number in range(of):
                given = (Share(number, of), folder / "meeting", trial, files)
                crash = folder / f"{number}.txt"
                children.append(Child(_train_share, given, trial.settings.threads, crash))
            return _watch(trial, children, emit, stopping)
        finally:
            while children:
                children.pop().end()


def _train_share(
    connection: Connection, share: "Share", meeting: Path, trial: "TrialSpec", files: "TrialFiles"
) -> None:
    """Train one share of a trial. Only the first process receives STOP."""
    import torch

    from ablations.training.data_sets import DataSets
    from ablations.training.team import join

    emit = connection.send if share.number == 0 else _ignore
    try:
        team = join(share, meeting, torch.device(trial.device), bool(trial.variant.own_code))
    except (RuntimeError, ValueError, OSError) as error:
        last: LastEvent = TrialFinished(trial, failed(error))
    else:
        last = train(trial, files, DataSets(), emit, connection.poll, team)
    connection.send(_Over(last))
    while True:  # if it ended, the others would fail for a lost connection, which hides the cause
        connection.recv()


def _ignore(event: Event) -> None:
    pass


def _watch(
    trial: "TrialSpec", children: Sequence[Child], emit: Emit, stopping: Callable[[], bool]
) -> LastEvent:
    """Pass on the events of the first process until the trial has ended."""
    stopped = False
    while True:
        if not stopped and stopping():
            children[0].send(STOP)
            stopped = True
        for child in speaking(children, STEPS_EVERY):
            try:
                received: Any = child.receive()
            except Dead:
                return _died(trial, children, child)
            if isinstance(received, _Over):
                if isinstance(received.last, TrialFinished) and received.last.result.failure:
                    return _death_behind(trial, children) or received.last
                if child is children[0]:
                    return received.last
            elif received is not None:
                emit(received)


def _death_behind(trial: "TrialSpec", children: Sequence[Child]) -> WorkerDied | None:
    """Return the death of another process, if that made the connection of this one fail."""
    wait([child.process.sentinel for child in children], PATIENCE)
    dead = next((child for child in children if child.dead), None)
    return None if dead is None else _died(trial, children, dead)


def _died(trial: "TrialSpec", children: Sequence[Child], child: Child) -> WorkerDied:
    way, left = child.autopsy()
    place = f"process {children.index(child) + 1} of {len(children)} of this trial"
    return WorkerDied(trial, f"{place} ended {way}", left)
