"""Files that are damaged, and records that a full disk refuses. No torch."""

import errno
import itertools
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from tempfile import mkdtemp
from typing import Any

from ablations.errors import one_line
from ablations.records.files import write_json

CORRUPT = ".corrupt"
"""Suffix of a file that was set aside; numbered from the second on."""

Tell = Callable[[str], None]
"""Receives one line for the user."""

_DAMAGE = {errno.EACCES, errno.EPERM, errno.EISDIR, errno.EIO, errno.ELOOP, errno.ENOTDIR}
"""Errors of reading that concern this file alone, unlike too many open files."""


class Damaged(ValueError):
    """A file that is not what was written there.

    Attributes:
        path: The file.
        reason: What is wrong with it, one line.
        other_format: Whether it is intact as far as known, but of a format that is not read.
    """

    def __init__(self, path: Path, reason: str, other_format: bool = False) -> None:
        super().__init__(f"{path} is damaged ({reason})")
        self.path, self.reason, self.other_format = path, reason, other_format


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        FileNotFoundError: If there is none.
        Damaged: If it is no readable JSON file.
    """
    try:
        if not S_ISREG(path.stat().st_mode):
            raise Damaged(path, "it is not a file")
        return json.loads(path.read_text(encoding="utf-8"))
    except Damaged:
        raise
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno not in _DAMAGE:
            raise
        raise Damaged(path, error.strerror or one_line(error)) from None
    except RecursionError:
        raise Damaged(path, "it is nested too deeply") from None
    except ValueError as error:
        raise Damaged(path, " ".join(str(error).split())) from None


def set_aside(damaged: Damaged, tell: Tell, then: str) -> None:
    """Rename a damaged file, so that another can take its place, and report it.

    Args:
        damaged: The file.
        tell: Receives the line.
        then: What happens next, the end of that line.

    Raises:
        OSError: If it cannot be renamed.
    """
    path = damaged.path
    for number in itertools.count(1):
        aside = path.with_name(path.name + CORRUPT + (f"-{number}" if number > 1 else ""))
        if not os.path.lexists(aside):
            break
    try:
        path.rename(aside)
    except FileNotFoundError:  # another run has set it aside
        return
    tell(f"{damaged}; it is set aside as {aside.name}, and {then}")


WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further attempt to write on a full disk."""

_MAY_PASS = {errno.ENOSPC, errno.EDQUOT}


def write_or_rescue(path: Path, values: dict[str, Any], tell: Tell) -> None:
    """Write a record as `write_json` does, with more attempts on a full disk.

    Raises:
        OSError: If it cannot be written. The record is then in a temporary folder, which the error
            names, if anything can be written there.
    """
    for wait in WAITS:
        try:
            return write_json(path, values)
        except OSError as error:
            if error.errno not in _MAY_PASS:
                break
            tell(f"{path}: {error.strerror}; next attempt in {wait:g} s")
            time.sleep(wait)
    try:
        write_json(path, values)
    except OSError as error:
        raise OSError(
            error.errno, f"{error.strerror}; {_rescue(path, values)}", str(path)
        ) from None


def _rescue(path: Path, values: dict[str, Any]) -> str:
    """Write the record into a temporary folder and return which, in words."""
    try:
        folder = Path(mkdtemp(prefix="involution-ablate-"))
    except OSError as error:
        return f"the record is lost: no temporary folder ({error.strerror})"
    aside = folder / path.name
    try:
        write_json(aside, values)
    except OSError as error:
        with suppress(OSError):
            folder.rmdir()
        return f"the record is lost, since {error.filename} cannot be written either"
    return f"the record is kept in {aside}: move it to {path.parent}"
