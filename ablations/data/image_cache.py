"""What was found out about images, kept in the user's cache folder, so that no file is read for it
twice. No torch."""

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FOLDER_VARIABLE = "INVOLUTION_ABLATE_CACHE"
"""Of the environment: a folder in place of the user's cache folder."""


@dataclass(frozen=True)
class Verdict:
    """What a file holds: its SHA-256, and why it is no picture where it is none."""

    digest: str
    problem: str = ""


Known = Mapping[str, tuple[str, Verdict]]
"""Path -> the stamp of the file's state, and what it held."""


def cache_folder() -> Path | None:
    """Where this program keeps what it can find out again; None where there is no such place."""
    with suppress(RuntimeError):  # a user without a home
        given = os.environ.get(FOLDER_VARIABLE)
        if given:
            return Path(given).expanduser()
        common = Path(os.environ.get("XDG_CACHE_HOME", ""))
        base = common if common.is_absolute() else Path.home() / ".cache"
        return base / "involution-ablate"
    return None


class ImageCache:
    """The verdicts on the images below one folder: a file of lines, each with a checksum.

    A line is added with a single write at the file's end, so that several programs can add at a
    time; of two lines for one path the later one counts. A damaged line is as one that is missing,
    and a file that cannot be read or written is as none.
    """

    def __init__(self, root: Path) -> None:
        folder, name = cache_folder(), os.fsencode(os.path.realpath(root))
        stem = hashlib.sha256(name).hexdigest()[:16]
        self.file = None if folder is None else folder / "images" / f"{stem}.jsonl"

    def load(self) -> Known:
        """Everything that is known."""
        if self.file is None:
            return {}
        try:
            content = self.file.read_bytes()
        except OSError:
            return {}
        return dict(filter(None, map(_parsed, content.splitlines())))

    def add(self, found: Iterable[tuple[str, str, Verdict]]) -> None:
        """Keeps path, stamp and verdict of some files."""
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
