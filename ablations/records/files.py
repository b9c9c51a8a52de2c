"""Files that are written whole or not at all, and records read back from them. No torch."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ablations.errors import SettingError, one_line


class Answering(Protocol):
    """A record that knows whether it is the one that a key asks for."""

    def answers(self, key: Any) -> bool: ...


Record = TypeVar("Record", bound=Answering)


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
        problem = (
            f"{path} is not a {kind} record ({one_line(error)}); move it away to run this {kind}"
        )
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
