"""The record of one trial, and the folder that keeps them. No torch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ablations.records.files import read_record, write_json
from ablations.study.variants import Variant

FORMAT = 2
"""Raised whenever the same settings would give other numbers, or a record other fields."""


@dataclass(frozen=True)
class TrialKey:
    """What decides a trial's numbers on one machine.

    variant:  its network; what its training has of its own is in the settings, which another
              study may share with all its variants.
    settings: see Job.identity; data: see ImageData.fingerprint.
    """

    variant: Variant
    seed: int
    settings: Mapping[str, object]
    data: str
    device: str

    @property
    def file_name(self) -> str:
        identity = json.dumps(
            [
                FORMAT,
                asdict(self.variant.network),
                self.seed,
                dict(self.settings),
                self.data,
                self.device,
            ],
            sort_keys=True,
        )
        digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
        return f"{self.variant.key}-seed{self.seed}-{digest}.json"


@dataclass(frozen=True)
class TrialRecord:
    """One variant trained once.

    settings:    see Job.identity.
    curve:       points of `training.Epoch`: epoch, steps, train_loss, top1 (percent).
    top1:        percent on the split of the settings after the last step; None where the trial
                 failed.
    costs:       of the trained network, for one image: params and operations (see
                 `cost.OPERATORS`).
    seconds:     wall time of training and testing.
    failure:     the reason, where it failed.
    transient:   whether the failure may go away (a broken image, no memory); such a trial is run
                 again.
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

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TrialRecord":
        """Raises KeyError, TypeError or ValueError for anything that is not a record."""
        if values["format"] != FORMAT:
            raise ValueError(f"record of format {values['format']}, not {FORMAT}")
        fields = {name: value for name, value in values.items() if name != "format"}
        fields["variant"] = Variant.from_json(fields["variant"])
        fields["curve"] = tuple(fields["curve"])
        record = cls(**fields)
        record.check()
        return record

    def check(self) -> None:
        """Raises ValueError, KeyError or TypeError for values that no trial can have."""
        if self.failure is None and not (self.top1 is not None and 0 <= self.top1 <= 100):
            raise ValueError(f"Top-1 of {self.top1} %")
        if not isinstance(self.costs["params"], int):
            raise TypeError(f"{self.costs['params']} parameters")
        for point in self.curve:
            if not 0 <= point["top1"] <= 100 or point["steps"] < 1 or "train_loss" not in point:
                raise ValueError(f"a curve with the point {dict(point)}")

    def answers(self, key: TrialKey) -> bool:
        """Whether this is the record of the trial `key`."""
        mine = (self.variant.network, self.seed, dict(self.settings), self.device)
        return mine == (key.variant.network, key.seed, dict(key.settings), key.device)


class TrialStore:
    """The records under DIR/trials, one JSON file each."""

    def __init__(self, output: Path) -> None:
        self.folder = output / "trials"

    def load(self, key: TrialKey) -> TrialRecord | None:
        """The record of this trial, if it was run before and did not fail for a transient reason.

        Raises SettingError where its file is not a record.
        """

        record = read_record(self.folder / key.file_name, TrialRecord.from_json, key, "trial")
        return None if record is None or record.transient else replace(record, variant=key.variant)

    def save(self, key: TrialKey, record: TrialRecord) -> None:
        write_json(self.folder / key.file_name, record.to_json())
