"""Records in a folder, one JSON file each. No torch."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from ablations.records.damage import Damaged, Tell, read_json, set_aside, write_or_rescue
from ablations.records.files import OtherFormat, sealed, unsealed
from ablations.study.variants import Variant


class Named(Protocol):
    """A record, or the spec of a trial or timing."""

    @property
    def name(self) -> str:
        """Name of the record's file, without ending: a digest of all that decides its numbers."""

    @property
    def variant(self) -> Variant: ...


class Reusable(Named, Protocol):
    """A record."""

    @property
    def reusable(self) -> bool:
        """Whether a later run uses it; otherwise its trial or timing is run again."""


Record = TypeVar("Record", bound=Reusable)


@dataclass(frozen=True)
class RecordKind(Generic[Record]):
    """A kind of record.

    Attributes:
        name: Name in messages.
        folder: Folder in the output folder.
        type: A frozen dataclass.
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
        """Return a record as JSON values with format and checksum."""
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
            raise ValueError(f"a part is missing or invalid ({error})") from None


def first_problem(error: ValidationError) -> str:
    """Return the first problem of a validation, in one line."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    told = first["msg"].removeprefix("Value error, ")
    return f"{where}: {told}" if where else told


def _on_stderr(line: str) -> None:
    print(line, file=sys.stderr)


class Store(Generic[Record]):
    """Records of one kind in an output folder.

    Args:
        output: The output folder.
        kind: Kind of the records.
        tell: Receives a line about each damaged file.
    """

    def __init__(self, output: Path, kind: RecordKind[Record], tell: Tell = _on_stderr) -> None:
        self.output = output
        self.kind = kind
        self.folder = output / kind.folder
        self.tell = tell

    def path(self, named: Named) -> Path:
        """Return the file of a record."""
        return self.folder / f"{named.name}.json"

    def look(self, spec: Named) -> Record | None:
        """Return the record of a spec, or None if there is none to be used again.

        Raises:
            Damaged: If the file is no such record, or the record of another spec.
        """
        path = self.path(spec)
        try:
            record: Any = self.read(path)
        except FileNotFoundError:
            return None
        if record.name != spec.name:
            raise Damaged(path, f"it belongs to another {self.kind.name}")
        return replace(record, variant=spec.variant) if record.reusable else None

    def read(self, path: Path) -> Record:
        """Return the record in a file of the folder.

        Raises:
            FileNotFoundError: If there is no such file.
            Damaged: If it is no such record.
        """
        values = read_json(path)
        try:
            return self.kind.from_json(values)
        except ValueError as error:
            raise Damaged(path, str(error), isinstance(error, OtherFormat)) from None

    def peek(self, spec: Named) -> Record | None:
        """Return the record as `load` does, but change and report nothing."""
        try:
            return self.look(spec)
        except Damaged:
            return None

    def load(self, spec: Named) -> Record | None:
        """Return the record of a spec, or None if there is none to be used again.

        A damaged file is set aside. Call it with the claim on the record; see `Claims`.
        """
        while True:
            try:
                return self.look(spec)
            except Damaged as damaged:
                set_aside(damaged, self.tell, f"this {self.kind.name} is run again")

    def save(self, record: Record) -> None:
        """Write a record, even if a folder has taken its place since it was looked for.

        Raises:
            OSError: If it cannot be written; see `write_or_rescue`.
        """
        path = self.path(record)
        if path.is_dir():
            set_aside(Damaged(path, "it is not a file"), self.tell, "a record takes its place")
        write_or_rescue(path, self.kind.to_json(record), self.tell)

    def files(self) -> Iterator[Path]:
        """Yield the files of the folder, by name."""
        yield from sorted(self.folder.glob("*.json"))
