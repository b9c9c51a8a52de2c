"""Events of a trial while it is trained. No torch.

Frozen and picklable, so that a worker can send them to the run through a pipe, Ray or a file.
`ablations.run.events` adds those that only the run can know.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablations.training.trial_result import CurvePoint

if TYPE_CHECKING:
    from ablations.training.trial_spec import TrialSpec


@dataclass(frozen=True)
class TrialStarted:
    """The data set is loaded, and the first or another attempt to train begins.

    steps: steps of the whole trial.
    """

    trial: "TrialSpec"
    steps: int


@dataclass(frozen=True)
class StepDone:
    """A trial has done its first `step` steps; loss: that of the last one. Workers report only
    some steps."""

    trial: "TrialSpec"
    step: int
    loss: float


@dataclass(frozen=True)
class PointMeasured:
    """A new point on a trial's training curve."""

    trial: "TrialSpec"
    point: CurvePoint


@dataclass(frozen=True)
class Notice:
    """One line for the user, such as about a damaged checkpoint."""

    line: str


TrainingEvent = TrialStarted | StepDone | PointMeasured | Notice
