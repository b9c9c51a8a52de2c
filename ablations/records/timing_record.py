"""The record of a variant's speed and memory. No torch."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablations.records.store import Named, RecordKind, Store
from ablations.study.variants import Variant
from ablations.training.trial_spec import TIMING_FORMAT, TimingSpec, record_name

if TYPE_CHECKING:
    from ablations.training.bench import TimingResult

SHORTEST = 1e-9
"""Seconds below which no clock measures anything."""


@dataclass(frozen=True)
class TimingRecord:
    """Speed and memory of one variant's network in one process.

    Its batches are as large as those of a process in training.

    Attributes:
        variant: Variant that was measured.
        settings: See `TimingSpec.identity`.
        device: "cpu" or "cuda".
        data: Description of the data set whose image size and classes were taken.
        batch_size: Images of a batch.
        step_seconds: Seconds of each timed training step of one batch: forward, loss, backward,
            optimizer.
        inference_seconds: Seconds of each timed batch in eval mode, without gradients.
        peak_bytes: Peak memory of tensors in a training step: parameters, buffers, gradients,
            momentum, the batch, activations, work space. None if the measurement failed.
        session: Start of the measurement, UTC, ISO 8601. Only timings of one session are compared,
            because they were measured in turn.
        environment: What it was measured on.
        images: Fingerprint of the images; see `TimingSpec`.
        failure: Why it failed, one line; None if it did not. A failed one is measured again.
        log: File of the failure's traceback, in the output folder.

    Raises:
        ValueError: For values that no measurement can have.
    """

    variant: Variant
    settings: Mapping[str, object]
    device: str
    data: str
    batch_size: int
    step_seconds: tuple[float, ...]
    inference_seconds: tuple[float, ...]
    peak_bytes: int | None
    session: str
    environment: Mapping[str, str]
    images: str
    failure: str | None = None
    log: str | None = None

    def __post_init__(self) -> None:
        if self.failure is not None:
            return
        for seconds in (self.step_seconds, self.inference_seconds):
            if len(seconds) < 2 or not all(SHORTEST < value < math.inf for value in seconds):
                raise ValueError(f"timings of {list(seconds)} s")
        if self.peak_bytes is None or self.peak_bytes <= 0 or self.batch_size <= 0:
            raise ValueError(f"{self.peak_bytes} bytes for a batch of {self.batch_size}")

    @classmethod
    def of(
        cls,
        spec: TimingSpec,
        description: str,
        result: "TimingResult",
        session: str,
        environment: Mapping[str, str],
        log: str | None = None,
    ) -> "TimingRecord":
        """Return the record of a measurement.

        Args:
            spec: What was measured.
            description: Description of the data set.
            result: The measurement.
            session: When the measurement began.
            environment: What it was measured on.
            log: File of its traceback, in the output folder.
        """
        return cls(
            variant=spec.variant,
            settings=spec.identity,
            device=spec.device,
            data=description,
            batch_size=result.batch_size,
            step_seconds=result.step_seconds,
            inference_seconds=result.inference_seconds,
            peak_bytes=result.peak_bytes,
            session=session,
            environment=environment,
            images=spec.data_fingerprint,
            failure=result.failure.reason if result.failure else None,
            log=log,
        )

    @property
    def name(self) -> str:
        """The name of its file; see `TimingSpec.name`."""
        return record_name(TIMING_FORMAT, self.variant, self.settings, self.images, self.device)

    @property
    def reusable(self) -> bool:
        """Whether a later run uses it."""
        return self.failure is None

    @property
    def training_images_per_second(self) -> float | None:
        """Images per second of the median training step; None if the measurement failed."""
        return self._rate(self.step_seconds)

    @property
    def inference_images_per_second(self) -> float | None:
        """Images per second of the median batch in eval mode; None if the measurement failed."""
        return self._rate(self.inference_seconds)

    @property
    def training_quartiles(self) -> tuple[float, float] | None:
        """Quartiles of the training steps, images per second, the lower first."""
        return self._quartiles(self.step_seconds)

    @property
    def inference_quartiles(self) -> tuple[float, float] | None:
        """Quartiles of the batches in eval mode, images per second, the lower first."""
        return self._quartiles(self.inference_seconds)

    def _rate(self, seconds: Sequence[float]) -> float | None:
        if self.failure is not None:
            return None
        return self.batch_size / statistics.median(seconds)

    def _quartiles(self, seconds: Sequence[float]) -> tuple[float, float] | None:
        if self.failure is not None:
            return None
        fast, _, slow = statistics.quantiles(seconds, n=4, method="inclusive")
        return self.batch_size / slow, self.batch_size / fast


TIMINGS = RecordKind("timing", "timings", TimingRecord, TIMING_FORMAT)


def load_session(store: Store[TimingRecord], specs: Sequence[Named]) -> list[TimingRecord] | None:
    """Return the records of all specs, in their order, or None unless one session measured them.

    Damaged files are set aside.
    """
    found = [store.load(spec) for spec in specs]
    records = [record for record in found if record is not None]
    whole = len(records) == len(specs) and len({record.session for record in records}) <= 1
    return records if whole else None
