"""Trials that several processes of one machine train together, as their settings ask for.

A process whose share of the work fails, or that dies, leaves the others waiting for it. So one
more process watches them all and ends them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ablations.data.share import Share
from ablations.run.engines.messages import SILENCE, STOP, Died, train_telling
from ablations.run.engines.processes import PATIENCE, Child, Dead, speaking

if TYPE_CHECKING:
    from ablations.data.images import ImageData
    from ablations.data.registry import Wanted
    from ablations.training.trial import Failure, Outcome, Trial
    from ablations.training.trial_files import TrialFiles

    Last = Outcome | Failure | str


@dataclass(frozen=True)
class _Over:
    """What a process sends last."""

    last: "Last"


def train_as_asked(
    trial: "Trial",
    files: "TrialFiles",
    loaded: "dict[Wanted, ImageData]",
    send: Callable[[object], None],
    stopping: Callable[[], bool],
) -> "Last | Died":
    """Trains a trial in this process or in as many as its settings say, beside this one; its last
    message. See `train_telling`."""
    if trial.settings.processes > 1:
        return train_together(trial, files, send, stopping)
    return train_telling(trial, files, loaded, send, stopping)


def train_together(
    trial: "Trial",
    files: "TrialFiles",
    send: Callable[[object], None],
    stopping: Callable[[], bool],
) -> "Last | Died":
    """Trains a trial in processes beside this one; none is left when it returns."""
    of, children = trial.settings.processes, list[Child]()
    with TemporaryDirectory() as name:
        folder = Path(name)
        try:
            for number in range(of):
                given = (Share(number, of), folder / "meeting", trial, files)
                crash = folder / f"{number}.txt"
                children.append(Child(_train_share, given, trial.settings.threads, crash))
            return _watch(children, send, stopping)
        finally:
            while children:
                children.pop().end()


def _train_share(
    connection: Connection, share: "Share", meeting: Path, trial: "Trial", files: "TrialFiles"
) -> None:
    """Trains a trial with others, all of which do this; told to stop is the first."""
    import torch

    from ablations.training.ranks import join
    from ablations.training.trial import failure_of

    send = connection.send if share.number == 0 else _tell_nobody
    try:
        team = join(share, meeting, torch.device(trial.device), bool(trial.variant.own_code))
    except (RuntimeError, ValueError, OSError) as error:
        last: Last = failure_of(error)
    else:
        last = train_telling(trial, files, {}, send, connection.poll, team)
    connection.send(_Over(last))
    while True:  # one that ended would leave the others with an error that hides what went wrong
        connection.recv()


def _tell_nobody(told: object) -> None:
    pass


def _watch(
    children: Sequence[Child], send: Callable[[object], None], stopping: Callable[[], bool]
) -> "Last | Died":
    """Passes on what the first process tells, until the trial is over."""
    stopped = False
    while True:
        if not stopped and stopping():
            children[0].send(STOP)
            stopped = True
        for child in speaking(children, SILENCE):
            try:
                told = child.receive()
            except Dead:
                return _died(children, child)
            if isinstance(told, _Over):
                if _failed(told.last):
                    return _death_behind(children) or told.last
                if child is children[0]:
                    return told.last
            elif told is not None:
                send(told)


def _failed(last: "Last") -> bool:
    from ablations.training.trial import Failure

    if isinstance(last, str):  # it has paused
        return False
    return isinstance(last, Failure) or last.record.failure is not None


def _death_behind(children: Sequence[Child]) -> Died | None:
    """The death that a process has seen as a connection which failed, where it was that."""
    wait([child.process.sentinel for child in children], PATIENCE)
    dead = next((child for child in children if child.dead), None)
    return None if dead is None else _died(children, dead)


def _died(children: Sequence[Child], child: Child) -> Died:
    way, left = child.autopsy()
    place = f"process {children.index(child) + 1} of {len(children)} of this trial"
    return Died(f"{place} ended {way}", left)
