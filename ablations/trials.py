"""The record of one trial, and the folder that keeps them. No torch."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ablations.errors import SettingError
from ablations.variants import Variant

FORMAT = 1
"""Raised whenever the same settings would give other numbers, or a record other fields."""


class Answering(Protocol):
    """A record that knows whether it is the one that a key asks for."""

    def answers(self, key: Any) -> bool: ...


Record = TypeVar("Record", bound=Answering)


@dataclass(frozen=True)
class TrialKey:
    """What decides a trial's numbers on one machine.

    settings: see TrainSettings.identity; data: see ImageData.fingerprint.
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
                asdict(self.variant),
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

    settings:    see TrainSettings.identity.
    curve:       points of `training.Epoch`: epoch, steps, train_loss, test_top1 (percent).
    top1:        percent on the test split after the last step; None where the trial failed.
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
        fields["variant"] = Variant(**fields["variant"])
        fields["curve"] = tuple(fields["curve"])
        record = cls(**fields)
        if record.failure is None and not 0 <= float(record.top1) <= 100:  # type: ignore[arg-type]
            raise ValueError(f"Top-1 of {record.top1} %")
        return record

    def answers(self, key: TrialKey) -> bool:
        """Whether this is the record of the trial `key`."""
        mine = (self.variant, self.seed, dict(self.settings), self.device)
        return mine == (key.variant, key.seed, dict(key.settings), key.device)


class TrialStore:
    """The records under DIR/trials, one JSON file each."""

    def __init__(self, output: Path) -> None:
        self.folder = output / "trials"

    def load(self, key: TrialKey) -> TrialRecord | None:
        """The record of this trial, if it was run before and did not fail for a transient reason.

        Raises SettingError where its file is not a record.
        """

        record = read_record(self.folder / key.file_name, TrialRecord.from_json, key, "trial")
        return None if record is None or record.transient else record

    def save(self, key: TrialKey, record: TrialRecord) -> None:
        write_json(self.folder / key.file_name, record.to_json())


def read_record(
    path: Path, parse: Callable[[Any], Record], key: object, kind: str
) -> Record | None:
    """What `parse` makes of the JSON of `path`, in a folder of the output; None without a file.

    Raises SettingError, calling it no record of this kind, where there is something else, be it
    the record of another key.
    """
    try:
        record = parse(json.loads(path.read_text(encoding="utf-8")))
        if not record.answers(key):
            raise ValueError(f"it belongs to another {kind}")
        return record
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OSError) as error:
        reason = str(error).splitlines()[0]
        problem = f"{path} is not a {kind} record ({reason}); move it away to run this {kind}"
        raise SettingError("output", path.parent.parent, problem) from None


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
