"""The record of one trial, and the folder that keeps them. No torch."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ablations.errors import SettingError
from ablations.variants import Variant

FORMAT = 1
"""Raised whenever the same settings would give other numbers, or a record other fields."""


@dataclass(frozen=True)
class TrialKey:
    """What decides a trial's numbers on one machine."""

    variant: Variant
    seed: int
    settings: Mapping[str, object]
    device: str

    @property
    def file_name(self) -> str:
        identity = json.dumps(
            [FORMAT, asdict(self.variant), self.seed, dict(self.settings), self.device],
            sort_keys=True,
        )
        digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
        return f"{self.variant.key}-seed{self.seed}-{digest}.json"


@dataclass(frozen=True)
class TrialRecord:
    """One variant trained once.

    settings:    see TrainSettings.identity.
    curve:       points of `training.Epoch`: epoch, steps, train_loss, test_top1 (percent).
    top1:        percent on the test split after the last step; None where the trial failed.
    costs:       of the trained network, for one image: params and operations (see
                 `cost.OPERATORS`).
    seconds:     wall time of training and testing.
    failure:     the reason, where it failed.
    """

    variant: Variant
    seed: int
    settings: Mapping[str, object]
    device: str
    data: str
    curve: tuple[Mapping[str, float], ...]
    top1: float | None
    costs: Mapping[str, Any]
    seconds: float
    environment: Mapping[str, str]
    failure: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TrialRecord":
        """Raises KeyError, TypeError or ValueError for anything that is not a record."""
        if values["format"] != FORMAT:
            raise ValueError(f"record of format {values['format']}, not {FORMAT}")
        fields = {name: value for name, value in values.items() if name != "format"}
        fields["variant"] = Variant(**fields["variant"])
        fields["curve"] = tuple(fields["curve"])
        return cls(**fields)


class TrialStore:
    """The records under DIR/trials, one JSON file each."""

    def __init__(self, output: Path) -> None:
        self.folder = output / "trials"

    def load(self, key: TrialKey) -> TrialRecord | None:
        """The record of this trial, if it was run before.

        Raises SettingError where its file is not a record.
        """
        path = self.folder / key.file_name
        try:
            return TrialRecord.from_json(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problem = f"{path} is not a trial record ({error}); move it away to run this trial"
            raise SettingError("output", self.folder.parent, problem) from None

    def save(self, key: TrialKey, record: TrialRecord) -> None:
        write_json(self.folder / key.file_name, record.to_json())


def write_json(path: Path, values: object) -> None:
    """Writes `values` as JSON, whole or not at all."""
    write_text(path, json.dumps(values, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes aside and renames, so that `path` is never half a file. Makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
