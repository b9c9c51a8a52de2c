"""The folders that keep records, one JSON file each. No torch."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from ablations.records.damage import Damaged, Tell, read_json, set_aside, write_or_rescue
from ablations.records.files import OtherFormat, sealed, unsealed
from ablations.records.key import RecordKey

Record = TypeVar("Record")


@dataclass(frozen=True)
class RecordKind(Generic[Record]):
    """A kind of record.

    Attributes:
        name: In what is told of it.
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
        return sealed({"format": self.format, **self._adapter.dump_python(record, mode="json")})

    def from_json(self, values: Any) -> Record:
        """Return the record that `to_json` was given.

        Raises:
            OtherFormat: In one line, for a record of another format.
            ValueError: In one line, for anything else.
        """
        if not isinstance(values, dict) or "format" not in values:
            raise ValueError("it holds no record")
        try:
            return self._adapter.validate_python(unsealed(values, self.format))
        except ValidationError as error:
            raise ValueError(first_problem(error)) from None
        except (LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise ValueError(f"a part of it is missing or something else ({error})") from None


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong with some values, on one line."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    told = first["msg"].removeprefix("Value error, ")
    return f"{where}: {told}" if where else told


def _on_stderr(line: str) -> None:
    print(line, file=sys.stderr)


class Store(Generic[Record]):
    """The records of one kind in an output folder. tell: takes a line on what is damaged."""

    def __init__(self, output: Path, kind: RecordKind[Record], tell: Tell = _on_stderr) -> None:
        self.output = output
        self.kind = kind
        self.folder = output / kind.folder
        self.tell = tell

    def path(self, key: RecordKey) -> Path:
        """The file of a record."""
        return self.folder / f"{key.stem(self.kind.format)}.json"

    def look(self, key: RecordKey) -> Record | None:
        """The record of `key`, None where there is none that can be used again.

        Raises:
            Damaged: Where its file is no such record, or another key's.
        """
        path = self.path(key)
        try:
            record: Any = self.read(path)
        except FileNotFoundError:
            return None
        if not key.answered_by(record):
            raise Damaged(path, f"it belongs to another {self.kind.name}")
        return replace(record, variant=key.variant) if record.reusable else None

    def read(self, path: Path) -> Record:
        """The record in a file of the folder. Raises FileNotFoundError or Damaged."""
        values = read_json(path)
        try:
            return self.kind.from_json(values)
        except ValueError as error:
            raise Damaged(path, str(error), isinstance(error, OtherFormat)) from None

    def peek(self, key: RecordKey) -> Record | None:
        """As `load`, but changes nothing and tells nothing."""
        try:
            return self.look(key)
        except Damaged:
            return None

    def load(self, key: RecordKey) -> Record | None:
        """The record of `key`, None where there is none that can be used again. A damaged file is
        set aside, so that its record is made anew: for whoever has claimed it, see `Claims`."""
        while True:
            try:
                return self.look(key)
            except Damaged as damaged:
                set_aside(damaged, self.tell, f"this {self.kind.name} is run again")

    def save(self, key: RecordKey, record: Record) -> None:
        """Writes a record, also where a folder has come in its place since it was looked for.

        Raises:
            OSError: Where it cannot be written; see `write_or_rescue`.
        """
        path = self.path(key)
        if path.is_dir():
            set_aside(Damaged(path, "it is not a file"), self.tell, "a record takes its place")
        write_or_rescue(path, self.kind.to_json(record), self.tell)

    def files(self) -> Iterator[Path]:
        """What is kept here, by name."""
        yield from sorted(self.folder.glob("*.json"))
