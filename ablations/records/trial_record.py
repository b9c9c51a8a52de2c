"""The record of one trial. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass

from ablations.records.store import RecordKind
from ablations.study.variants import Variant
from ablations.training.trial_result import TrainedCosts, TrialResult
from ablations.training.trial_spec import TRIAL_FORMAT, TrialSpec, record_name

LARGEST_STEP = 10**12


@dataclass(frozen=True)
class TrialRecord:
    """One variant trained once.

    settings:    see `TrialSpec.identity`.
    curve:       points of `training.Epoch`: epoch, steps, train_loss, top1 (percent).
    top1:        percent on the split of the settings after the last step; None where the trial
                 failed.
    costs:       of the trained network; None where it failed before it was counted.
    seconds:     wall time of training and testing.
    images:      fingerprint of the images; see TrialSpec.
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

    @classmethod
    def of(
        cls, spec: TrialSpec, description: str, result: TrialResult, log: str | None = None
    ) -> "TrialRecord":
        """Return the record of a trial.

        Args:
            spec: The trial.
            description: Description of its data set.
            result: What it found.
            log: File of its traceback, in the output folder.
        """
        failure = result.failure
        return cls(
            variant=spec.variant,
            seed=spec.seed,
            settings=spec.identity,
            device=spec.device,
            data=description,
            curve=tuple(vars(point) for point in result.curve),
            top1=result.top1,
            costs=result.costs,
            seconds=result.seconds,
            environment=result.environment,
            images=spec.data_fingerprint,
            failure=failure.reason if failure else None,
            transient=failure.transient if failure else False,
            log=log,
        )

    @property
    def name(self) -> str:
        """The name of its file; see `TrialSpec.name`."""
        key = self.settings, self.images, self.device, self.seed
        return record_name(TRIAL_FORMAT, self.variant, *key)

    @property
    def reusable(self) -> bool:
        """Whether it stands for its trial: it finished, or would fail again."""
        return not self.transient


TRIALS = RecordKind("trial", "trials", TrialRecord, TRIAL_FORMAT)
