"""What a process that trains a trial tells the run. No torch.

The same over a pipe and from another machine: STARTED, steps as (steps done, loss), points of
the curve, Notices, and
last an outcome, or in its place PAUSED or that a process has Died.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablations.run.engines.engine import (
    Ended,
    Event,
    Measured,
    Noticed,
    Paused,
    Started,
    Stepped,
)
from ablations.training.epoch import Epoch

if TYPE_CHECKING:
    from ablations.data.images import ImageData
    from ablations.data.registry import Wanted
    from ablations.training.team import Team
    from ablations.training.trial import Failure, Outcome, Trial
    from ablations.training.trial_files import TrialFiles

STARTED = "started"
"""Told when the images are there and training begins."""

PAUSED = "paused"
"""In place of an outcome: the trial has kept what it has."""

STOP = "stop"
"""Sent to the process: it is to keep what it has of its trial, and to train no other."""

SILENCE = 0.2
"""Seconds between two steps that are told."""


@dataclass(frozen=True)
class Died:
    """One of several processes that trained the trial has died, and the others were ended.

    reason: in a line; known: what is known of it, for a log.
    """

    reason: str
    known: str


@dataclass(frozen=True)
class Notice:
    """Something to be told while a trial goes on."""

    line: str


def event_of(trial: "Trial", told: object) -> Event:
    """What a message of a trial's process says, Died aside."""
    if told == STARTED:
        return Started(trial)
    if told == PAUSED:
        return Paused(trial)
    if isinstance(told, Notice):
        return Noticed(told.line)
    if isinstance(told, Epoch):
        return Measured(trial, told)
    if isinstance(told, tuple):
        step, loss = told
        return Stepped(trial, step, loss)
    return Ended(trial, told)  # type: ignore[arg-type]  # what is left of the messages


def train_telling(
    trial: "Trial",
    files: "TrialFiles",
    loaded: "dict[Wanted, ImageData]",
    send: Callable[[object], None],
    stopping: Callable[[], bool],
    team: "Team | None" = None,
) -> "Outcome | Failure | str":
    """Trains a trial in a process of its own; its last message.

    Args:
        trial: Which one.
        files: What it keeps.
        loaded: The data sets of this process, to which its own is added.
        send: Takes the messages before the last one.
        stopping: Whether it is to stop at its next step.
        team: Of the processes that train it with this one; None: it is alone.
    """
    from ablations.training.keeper import TrialPaused
    from ablations.training.team import ALONE
    from ablations.training.trial import failure_of, run_trial

    try:
        setup = trial.setup(loaded)
        send(STARTED)
        on_step = _now_and_then(send)
        return run_trial(
            setup,
            trial,
            files,
            on_step,
            stopping,
            on_point=send,
            tell=lambda line: send(Notice(line)),
            team=team or ALONE,
        )
    except TrialPaused:
        return PAUSED
    except (Exception, SystemExit) as error:  # before training, such as images that are not there
        return failure_of(error)


def _now_and_then(send: Callable[[object], None]) -> Callable[[int, float], None]:
    """Tells a step now and then: the first, and those after some silence."""
    told = 0.0

    def on_step(step: int, loss: float) -> None:
        nonlocal told
        if time.monotonic() - told >= SILENCE:
            told = time.monotonic()
            send((step, loss))

    return on_step
