"""The record of one trial. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass

from ablations.records.store import RecordKind
from ablations.study.variants import Variant
from ablations.training.trial_result import TrainedCosts, TrialResult
from ablations.training.trial_spec import TRIAL_FORMAT, TrialSpec, record_name

LARGEST_STEP = 10**12
"""Most steps that a curve may name."""


@dataclass(frozen=True)
class TrialRecord:
    """The record of a trial: its spec and its result. The fields are those of the JSON file.

    Attributes:
        variant: Variant that was trained.
        seed: Seed of the trial.
        settings: See `TrialSpec.identity`.
        device: "cpu" or "cuda".
        data: Description of the data set.
        curve: Points of the training curve; see `CurvePoint`.
        top1: Top-1 on the split of the settings after the last step, percent; None if it failed.
        costs: Costs of the trained network; None if it failed before it was counted.
        seconds: Wall time of training and testing.
        environment: What it was trained on.
        images: Fingerprint of the images; see `TrialSpec.data_fingerprint`.
        failure: Why it failed, one line; None if it did not.
        transient: Whether the failure may go away, such as a lack of memory; the trial is then run
            again.
        log: File of the failure's traceback, in the output folder.

    Raises:
        ValueError: For values that no trial can have.
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
        """Whether a later run uses it: the trial finished, or would fail again."""
        return not self.transient


TRIALS = RecordKind("trial", "trials", TrialRecord, TRIAL_FORMAT)
