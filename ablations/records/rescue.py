"""Records that took long to make, on a disk that is full. No torch."""

import errno
import time
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ablations.records.damage import Tell
from ablations.records.files import write_json

WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further attempt to write where there was no space."""

_MAY_PASS = {errno.ENOSPC, errno.EDQUOT}


def write_or_rescue(path: Path, values: dict[str, Any], tell: Tell) -> None:
    """Writes a record as `write_json` does, where there is no space some times again.

    Raises:
        OSError: Where it cannot be written. The record is then kept in a folder of its own among
            the system's temporary files, which the error names, if anything can be written there.
    """
    for wait in WAITS:
        try:
            return write_json(path, values)
        except OSError as error:
            if error.errno not in _MAY_PASS:
                break
            tell(f"{path}: {error.strerror}; it is tried again in {wait:g} s")
            time.sleep(wait)
    try:
        write_json(path, values)
    except OSError as error:
        raise OSError(
            error.errno, f"{error.strerror}; {_rescue(path, values)}", str(path)
        ) from None


def _rescue(path: Path, values: dict[str, Any]) -> str:
    """Writes the record elsewhere; says where."""
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
