"""Files that are written whole or not at all, and checksums of their content. No torch."""

import errno
import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ablations.texts import inert

PART = re.compile(r"\.[0-9a-f]{16}\.part")
"""Names of files that are being written, or that a killed writer left."""

ABANDONED = 3600.0
"""Seconds after which such a file counts as left: a write takes seconds."""

_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF}
"""Errors of file systems that cannot sync a folder, and of folders that may not be read."""


def write_json(path: Path, values: object) -> None:
    """Write values as JSON; see `write_bytes`."""
    write_text(path, json.dumps(values, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write text in UTF-8; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8", "surrogatepass"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and make its folder.

    The content is written aside, synced and renamed, so that `path` is never half a file, nor empty
    after a loss of power.

    Raises:
        OSError: With `path` as its file name; an earlier file stays.
    """
    make_folder(path.parent)
    aside = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with aside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from None
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, synced like its files."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, if the file system supports that."""
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


def remove_leftovers(folders: Iterable[Path]) -> None:
    """Remove what killed writers left in some folders."""
    for folder in folders:
        with suppress(OSError):  # no such folder, or another user's
            for path in folder.iterdir():
                if PART.fullmatch(path.name) and time.time() - path.stat().st_mtime > ABANDONED:
                    path.unlink(missing_ok=True)


FIELD = "checksum"

PROGRAM = "involution-ablate"
"""The program's name in a recorded environment, whose value is its version."""


class OtherFormat(ValueError):
    """JSON values of a format that this version does not read."""


def checksum(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of JSON values, hexadecimal.

    It is that of canonical JSON (sorted keys, no spaces, ASCII) without the field of the checksum.
    """
    content = {name: value for name, value in values.items() if name != FIELD}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON values with their checksum."""
    return {**values, FIELD: checksum(values)}


def unsealed(values: Mapping[str, Any], format: int) -> dict[str, Any]:
    """Return the fields of a sealed JSON object, without its format and its checksum.

    Args:
        values: The object, with a "format".
        format: The format to read.

    Raises:
        OtherFormat: In one line, if it has another format.
        ValueError: In one line, if its checksum does not match its content.
    """
    found = values["format"]
    if found != format:
        told = f"it has format {found}{_written_by(values)}, and this version reads {format}"
        raise OtherFormat(told) if isinstance(found, int) else ValueError(told)
    if values.get(FIELD) != checksum(values):
        raise ValueError("its checksum does not match its content")
    return {name: value for name, value in values.items() if name not in (FIELD, "format")}


def _written_by(values: Mapping[str, Any]) -> str:
    environment = values.get("environment")
    version = environment.get(PROGRAM) if isinstance(environment, dict) else None
    return f", written by {PROGRAM} {inert(str(version))}" if version else ""
