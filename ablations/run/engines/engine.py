"""What an engine does with trials, and what it tells while it does. No torch."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ablations.run.stopping import Stop
from ablations.training.epoch import Epoch

if TYPE_CHECKING:
    from ablations.training.trial import Failure, Outcome, Trial
    from ablations.training.trial_files import TrialFiles

ATTEMPTS = 3
"""So often a trial is begun whose process dies."""

NODES = 20
"""So many nodes may be lost under one trial, as spot machines are, before it counts as failed."""


@dataclass(frozen=True)
class Started:
    """A trial has begun."""

    trial: "Trial"


@dataclass(frozen=True)
class Stepped:
    """A trial has done so many steps; loss: the last one's."""

    trial: "Trial"
    step: int
    loss: float


@dataclass(frozen=True)
class Measured:
    """The curve of a trial has a point more."""

    trial: "Trial"
    point: Epoch


@dataclass(frozen=True)
class Ended:
    """A trial is over, with a record of its own or a failure before there was one."""

    trial: "Trial"
    outcome: "Outcome | Failure"


@dataclass(frozen=True)
class Lost:
    """The process of a trial has died, and the trial will begin again."""

    trial: "Trial"
    reason: str


@dataclass(frozen=True)
class Paused:
    """A trial has stopped, as it was asked to, and can go on in another run."""

    trial: "Trial"


@dataclass(frozen=True)
class Noticed:
    """A line for whoever watches, such as on a damaged checkpoint."""

    line: str


Event = Started | Stepped | Measured | Ended | Lost | Paused | Noticed

OnEvent = Callable[[Event], None]
"""Told what happens to trials, in the process of the run."""


class Engine(Protocol):
    """Where and how trials are trained; their numbers do not depend on it."""

    @property
    def here(self) -> bool:
        """Whether trials run in this process itself."""

    def run(
        self,
        trials: "Iterable[Trial]",
        files: "Mapping[Trial, TrialFiles]",
        stop: Stop,
        tell: OnEvent,
    ) -> None:
        """Runs trials, begun in their order, and returns when they are over.

        Nothing of it goes on after it has returned, with an error or without.

        Args:
            trials: Asked for the next one when that can be begun.
            files: What each keeps.
            stop: Where it is asked, trials that run are paused, as far as there is time, and no
                other is begun.
            tell: Told what happens.
        """
