"""What a trial found, or why it found nothing. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ablations.errors import TrialFailed, one_line, traceback_text


@dataclass(frozen=True)
class CurvePoint:
    """A point of a training curve.

    Attributes:
        epoch: Epoch in which it was measured, from 1.
        steps: Steps done.
        train_loss: Mean loss of the steps since the point before.
        top1: Top-1 on the split of the settings, percent; on all of its images at the last point,
            before that on those of `curve_batches`.
    """

    epoch: int
    steps: int
    train_loss: float
    top1: float


@dataclass(frozen=True)
class TrainedCosts:
    """Costs of a network that was trained.

    Attributes:
        params: Parameters.
        operations: Operations on one image, by the kinds of `fvcore_counter.OPERATORS`.

    Raises:
        ValueError: For values that no network has.
    """

    params: int
    operations: Mapping[str, int]

    def __post_init__(self) -> None:
        if self.params < 0 or not self.operations or min(self.operations.values()) < 0:
            raise ValueError(f"{self.params} parameters and operations {dict(self.operations)}")


@dataclass(frozen=True)
class Failure:
    """Why a trial has no result.

    Attributes:
        reason: In one line.
        transient: Whether it may go away, such as a lack of memory; such a trial is run again.
        traceback: Traceback, or what is known of a process that died; may be empty.
    """

    reason: str
    transient: bool
    traceback: str = ""


@dataclass(frozen=True)
class TrialResult:
    """What a trial found.

    Attributes:
        curve: Points of the training curve, in order.
        costs: Costs of the network; None if it failed before it was counted.
        seconds: Wall time of training and testing, of all processes that worked on the trial.
        environment: What it was trained on; see `describe_environment`.
        failure: Why it failed; None if it finished.
    """

    curve: tuple[CurvePoint, ...] = ()
    costs: TrainedCosts | None = None
    seconds: float = 0.0
    environment: Mapping[str, str] = field(default_factory=dict)
    failure: Failure | None = None

    @property
    def top1(self) -> float | None:
        """Top-1 after the last step, percent; None if the trial failed."""
        return self.curve[-1].top1 if self.curve and self.failure is None else None


def failed(error: BaseException) -> TrialResult:
    """Return the result of a trial that ended with this error before it had one."""
    return TrialResult(failure=failure_of(error))


def failure_of(error: BaseException) -> Failure:
    """Return the failure of a trial that ended with this error."""
    known = isinstance(error, TrialFailed)
    reason = str(error) if known else one_line(error)
    return Failure(reason, not known, traceback_text(error))
