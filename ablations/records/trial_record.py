"""The record of one trial. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass

from ablations.records.store import RecordKind
from ablations.study.variants import Variant

LARGEST_STEP = 10**12


@dataclass(frozen=True)
class TrainedCosts:
    """Of a network that was trained, for one image; operations: see `fvcore_counter.OPERATORS`.

    Raises ValueError for what no network costs.
    """

    params: int
    operations: Mapping[str, int]

    def __post_init__(self) -> None:
        if self.params < 0 or not self.operations or min(self.operations.values()) < 0:
            raise ValueError(f"{self.params} parameters and operations {dict(self.operations)}")


@dataclass(frozen=True)
class TrialRecord:
    """One variant trained once.

    settings:    see Setup.identity.
    curve:       points of `training.Epoch`: epoch, steps, train_loss, top1 (percent).
    top1:        percent on the split of the settings after the last step; None where the trial
                 failed.
    costs:       of the trained network; None where it failed before it was counted.
    seconds:     wall time of training and testing.
    images:      fingerprint of the images; see Setup.images.
    failure:     the reason, where it failed.
    transient:   whether the failure may go away (a broken image, no memory); such a trial is run
                 again.
    log:         file of the failure's traceback, in the output folder.

    Raises ValueError for values that no trial can have.
    """

    variant: Variant
    seed: int
    settings: Mapping[str, object]
    device: str
    data: str
    curve: tuple[Mapping[str, int | float], ...]
    top1: float | None
    costs: TrainedCosts | None
    seconds: float
    environment: Mapping[str, str]
    images: str
    failure: str | None = None
    transient: bool = False
    log: str | None = None

    def __post_init__(self) -> None:
        if self.failure is None and not (self.top1 is not None and 0 <= self.top1 <= 100):
            raise ValueError(f"Top-1 of {self.top1} %")
        if self.failure is None and self.costs is None:
            raise ValueError("a trial that finished without costs")
        for point in self.curve:
            if not {"steps", "top1", "train_loss"} <= point.keys():
                raise ValueError(f"a curve with the point {dict(point)}")
            if not (0 <= point["top1"] <= 100 and 1 <= point["steps"] <= LARGEST_STEP):
                raise ValueError(f"a curve with the point {dict(point)}")

    @property
    def reusable(self) -> bool:
        """Whether it stands for its trial: it finished, or would fail again."""
        return not self.transient


TRIALS = RecordKind("trial", "trials", TrialRecord, format=1)
