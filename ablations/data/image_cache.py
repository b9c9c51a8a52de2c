"""Results of checking image files, kept in the user's cache folder. No torch."""

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FOLDER_VARIABLE = "INVOLUTION_ABLATE_CACHE"
"""Environment variable that replaces the user's cache folder."""


@dataclass(frozen=True)
class Verdict:
    """The SHA-256 of a file, and why it is not an image; empty if it is one."""

    digest: str
    problem: str = ""


Known = Mapping[str, tuple[str, Verdict]]
"""Path -> stamp of the file's state, and the verdict on it."""


def cache_folder() -> Path | None:
    """Return this program's cache folder; None if the user has no home folder."""
    with suppress(RuntimeError):  # a user without a home
        given = os.environ.get(FOLDER_VARIABLE)
        if given:
            return Path(given).expanduser()
        common = Path(os.environ.get("XDG_CACHE_HOME", ""))
        base = common if common.is_absolute() else Path.home() / ".cache"
        return base / "involution-ablate"
    return None


class ImageCache:
    """The verdicts on the images below one folder, in a file of lines with checksums.

    A line is appended with a single write, so several programs can write at once. The last line
    for a path counts. Damaged lines and unreadable or unwritable files are ignored.
    """

    def __init__(self, root: Path) -> None:
        folder, name = cache_folder(), os.fsencode(os.path.realpath(root))
        stem = hashlib.sha256(name).hexdigest()[:16]
        self.file = None if folder is None else folder / "images" / f"{stem}.jsonl"

    def load(self) -> Known:
        """Return all verdicts in the file."""
        if self.file is None:
            return {}
        try:
            content = self.file.read_bytes()
        except OSError:
            return {}
        return dict(filter(None, map(_parsed, content.splitlines())))

    def add(self, found: Iterable[tuple[str, str, Verdict]]) -> None:
        """Append the path, stamp and verdict of files."""
        lines = b"".join(_line(*one) for one in found)
        if self.file is None or not lines:
            return
        with suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("ab", buffering=0) as file:
                file.write(lines)


def _line(path: str, stamp: str, verdict: Verdict) -> bytes:
    values = json.dumps([path, stamp, verdict.digest, verdict.problem]).encode()
    return b"\n%08x %s\n" % (zlib.crc32(values), values)


def _parsed(line: bytes) -> tuple[str, tuple[str, Verdict]] | None:
    seal, _, values = line.partition(b" ")
    if seal != b"%08x" % zlib.crc32(values):
        return None
    path, stamp, digest, problem = json.loads(values)
    return path, (stamp, Verdict(digest, problem))
