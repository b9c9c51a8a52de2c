"""The folders that keep records, one JSON file each. No torch."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from ablations.errors import SettingError, one_line
from ablations.records.files import write_json
from ablations.records.key import RecordKey

Record = TypeVar("Record")


@dataclass(frozen=True)
class RecordKind(Generic[Record]):
    """A kind of record.

    Attributes:
        name: In errors.
        folder: In the output folder.
        type: A frozen dataclass, a `key.Keyed` with a property `reusable`: whether the record
            stands for what it is of, or that is to be run again.
        format: Raised whenever the same settings would give other numbers, or a record other
            fields.
    """

    name: str
    folder: str
    type: type[Record]
    format: int

    @cached_property
    def _adapter(self) -> TypeAdapter[Record]:
        return TypeAdapter(self.type)

    def to_json(self, record: Record) -> dict[str, Any]:
        return {"format": self.format, **self._adapter.dump_python(record, mode="json")}

    def from_json(self, values: Any) -> Record:
        """Raises ValueError, one line, for what is no such record."""
        if not isinstance(values, dict) or "format" not in values:
            raise ValueError("it holds no record")
        if values["format"] != self.format:
            raise ValueError(f"it has format {values['format']}, and this reads {self.format}")
        try:
            return self._adapter.validate_python(
                {name: value for name, value in values.items() if name != "format"}
            )
        except ValidationError as error:
            raise ValueError(first_problem(error)) from None


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong with some values, on one line."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    told = first["msg"].removeprefix("Value error, ")
    return f"{where}: {told}" if where else told


class Store(Generic[Record]):
    """The records of one kind in an output folder."""

    def __init__(self, output: Path, kind: RecordKind[Record]) -> None:
        self.output = output
        self.kind = kind
        self.folder = output / kind.folder

    def path(self, key: RecordKey) -> Path:
        """The file of a record."""
        return self.folder / f"{key.stem(self.kind.format)}.json"

    def load(self, key: RecordKey) -> Record | None:
        """The record of `key`, None where there is none that can be used again.

        Raises:
            SettingError: Where its file is no such record, or another key's.
        """
        path, kind = self.path(key), self.kind.name
        try:
            record: Any = self.kind.from_json(json.loads(path.read_text(encoding="utf-8")))
            if not key.answered_by(record):
                raise ValueError(f"it belongs to another {kind}")
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError, OSError) as error:
            told = str(error) if isinstance(error, ValueError) else one_line(error)
            problem = f"{path} is not a {kind} record ({told}); move it away to run this {kind}"
            raise SettingError("output", self.output, problem) from None
        return replace(record, variant=key.variant) if record.reusable else None

    def save(self, key: RecordKey, record: Record) -> None:
        write_json(self.path(key), self.kind.to_json(record))
