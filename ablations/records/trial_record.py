"""The record of one trial. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ablations.records.store import RecordKind
from ablations.study.variants import Variant


@dataclass(frozen=True)
class TrialRecord:
    """One variant trained once.

    settings:    see Setup.identity.
    curve:       points of `training.Epoch`: epoch, steps, train_loss, top1 (percent).
    top1:        percent on the split of the settings after the last step; None where the trial
                 failed.
    costs:       of the trained network, for one image: params and operations (see
                 `fvcore_counter.OPERATORS`).
    seconds:     wall time of training and testing.
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
    costs: Mapping[str, Any]
    seconds: float
    environment: Mapping[str, str]
    failure: str | None = None
    transient: bool = False
    log: str | None = None

    def __post_init__(self) -> None:
        if self.failure is None and not (self.top1 is not None and 0 <= self.top1 <= 100):
            raise ValueError(f"Top-1 of {self.top1} %")
        if not isinstance(self.costs.get("params"), int):
            raise ValueError(f"{self.costs.get('params')} parameters")
        for point in self.curve:
            if not {"steps", "top1", "train_loss"} <= point.keys():
                raise ValueError(f"a curve with the point {dict(point)}")
            if not 0 <= point["top1"] <= 100 or point["steps"] < 1:
                raise ValueError(f"a curve with the point {dict(point)}")

    @property
    def reusable(self) -> bool:
        """Whether it stands for its trial: it finished, or would fail again."""
        return not self.transient


TRIALS = RecordKind("trial", "trials", TrialRecord, format=3)
