"""The record of how fast one variant's network is and what memory it needs. No torch."""

import hashlib
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ablations.records.files import read_record, write_json
from ablations.study.variants import Variant

FORMAT = 2
"""Raised whenever timings are taken in another way, or a record has other fields."""


@dataclass(frozen=True)
class TimingKey:
    """What a variant's timing is of.

    settings: see Job.identity; data: see ImageData.fingerprint.
    """

    variant: Variant
    settings: Mapping[str, object]
    data: str
    device: str

    @property
    def file_name(self) -> str:
        identity = json.dumps(
            [FORMAT, asdict(self.variant.network), dict(self.settings), self.data, self.device],
            sort_keys=True,
        )
        digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
        return f"{self.variant.key}-{digest}.json"


@dataclass(frozen=True)
class TimingRecord:
    """The timing of one variant's network, on batches that are as large as in training.

    settings:          see Job.identity.
    data:              description of the data set whose image size and classes were taken.
    batch_size:        images of a batch.
    step_seconds:      each timed training step: forward, loss, backward, optimiser.
    inference_seconds: each timed batch in eval mode, without gradients.
    peak_bytes:        most memory that tensors hold during a training step: parameters, buffers,
                       gradients, momentum, the batch, activations, work space. None where the
                       measurement failed.
    session:           when the measurement began (UTC, ISO 8601). Timings are only compared with
                       those of the same session, which were taken in turn with them.
    failure:           the reason, where it failed; it may go away (no memory).
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
    failure: str | None = None

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

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TimingRecord":
        """Raises KeyError, TypeError or ValueError for anything that is not a record."""
        if values["format"] != FORMAT:
            raise ValueError(f"record of format {values['format']}, not {FORMAT}")
        fields = {name: value for name, value in values.items() if name != "format"}
        fields["variant"] = Variant.from_json(fields["variant"])
        for name in ("step_seconds", "inference_seconds"):
            fields[name] = tuple(fields[name])
        record = cls(**fields)
        record.check()
        return record

    def check(self) -> None:
        """Raises ValueError for values that no measurement can have."""
        if self.failure is not None:
            return
        for seconds in (self.step_seconds, self.inference_seconds):
            if len(seconds) < 2 or not all(0 < value < math.inf for value in seconds):
                raise ValueError(f"timings of {list(seconds)} s")
        if self.peak_bytes is None or self.peak_bytes <= 0 or self.batch_size <= 0:
            raise ValueError(f"{self.peak_bytes} bytes for a batch of {self.batch_size}")

    def answers(self, key: TimingKey) -> bool:
        """Whether this is the record of `key`."""
        mine = (self.variant.network, dict(self.settings), self.device)
        return mine == (key.variant.network, dict(key.settings), key.device)


class TimingStore:
    """The records under DIR/timings, one JSON file each."""

    def __init__(self, output: Path) -> None:
        self.folder = output / "timings"

    def load(self, key: TimingKey) -> TimingRecord | None:
        """The record of `key`, if there is one and its measurement did not fail.

        Raises SettingError where its file is not a record.
        """

        record = read_record(self.folder / key.file_name, TimingRecord.from_json, key, "timing")
        if record is None or record.failure is not None:
            return None
        return replace(record, variant=key.variant)

    def load_session(self, keys: Sequence[TimingKey]) -> list[TimingRecord] | None:
        """The records of all `keys`, in their order; None unless one session measured them all.

        Raises SettingError where a file is not a record.
        """
        found = [self.load(key) for key in keys]
        records = [record for record in found if record is not None]
        whole = len(records) == len(keys) and len({record.session for record in records}) <= 1
        return records if whole else None

    def save(self, key: TimingKey, record: TimingRecord) -> None:
        write_json(self.folder / key.file_name, record.to_json())
