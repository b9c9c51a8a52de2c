"""The record of how fast one variant's network is and what memory it needs. No torch."""

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
"""Seconds below which no clock here measures anything."""


@dataclass(frozen=True)
class TimingRecord:
    """The timing of one variant's network in one process, on batches that are as large as those
    of a process in training.

    settings:          see `TrialSpec.identity`.
    data:              description of the data set whose image size and classes were taken.
    batch_size:        images of a batch.
    step_seconds:      each timed training step of one batch: forward, loss, backward, optimiser.
    inference_seconds: each timed batch in eval mode, without gradients.
    peak_bytes:        most memory that tensors hold during a training step: parameters, buffers,
                       gradients, momentum, the batch, activations, work space. None where the
                       measurement failed.
    session:           when the measurement began (UTC, ISO 8601). Timings are only compared with
                       those of the same session, which were taken in turn with them.
    images:            fingerprint of the images; see TimingSpec.
    failure:           the reason, where it failed; it may go away (no memory).
    log:               file of the failure's traceback, in the output folder.

    Raises ValueError for values that no measurement can have.
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
        """Whether it stands for its measurement."""
        return self.failure is None

    @property
    def training_images_per_second(self) -> float | None:
        """By the median step; None where the measurement failed."""
        return self._rate(self.step_seconds)

    @property
    def inference_images_per_second(self) -> float | None:
        """By the median batch; None where the measurement failed."""
        return self._rate(self.inference_seconds)

    @property
    def training_quartiles(self) -> tuple[float, float] | None:
        """Images per second of the steps at the quartiles, the smaller first."""
        return self._quartiles(self.step_seconds)

    @property
    def inference_quartiles(self) -> tuple[float, float] | None:
        """Images per second of the batches at the quartiles, the smaller first."""
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
