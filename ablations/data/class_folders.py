"""The files of a folder with one subfolder per class. No torch."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ablations.texts import inert

HIDDEN = "hidden"
LEFT = {"__MACOSX", "__pycache__", "@eaDir", "#recycle", "lost+found", "$RECYCLE.BIN",
        "System Volume Information"}  # fmt: skip
"""Folders created by other programs."""

OUTSIDE = "outside of the classes' folders"
MOST_KINDS = 6
"""Maximum number of skipped kinds that a message names."""


@dataclass(frozen=True)
class Fault:
    """An unusable path and the reason."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{inert(self.path)}: {self.reason}"


@dataclass
class ClassFolders:
    """The files of a folder by class.

    Attributes:
        root: The folder.
        classes: Names of the folders in it, sorted.
        files: Path and class of each file with one of the endings, sorted by folder and name.
        skipped: Kind (HIDDEN, OUTSIDE or a file ending) -> number of files and folders skipped.
        faults: Folders and links that cannot be followed.
    """

    root: Path
    classes: list[str]
    files: list[tuple[str, int]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)


def list_classes(root: Path, endings: tuple[str, ...]) -> ClassFolders:
    """List the files of `root` by class.

    Links are followed. Hidden files and folders (`.ipynb_checkpoints`, `._x.png`) and those in LEFT
    are skipped.

    Raises:
        OSError: `root` cannot be read.
    """
    found = ClassFolders(root, [])
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        if _is_hidden(entry.name):
            found.skipped[HIDDEN] += 1
        elif os.path.isdir(entry.path):
            found.classes.append(entry.name)
        elif entry.is_symlink() and not os.path.exists(entry.path):
            found.faults.append(Fault(entry.path, "a link that leads nowhere"))
        else:
            found.skipped[OUTSIDE] += 1
    for label, name in enumerate(found.classes):
        _list_class(found, os.path.join(root, name), label, endings)
    return found


def _list_class(found: ClassFolders, folder: str, label: int, endings: tuple[str, ...]) -> None:
    files: list[tuple[str, str]] = []
    left: list[tuple[str, frozenset[tuple[int, int]]]] = [(folder, frozenset())]
    while left:
        here, above = left.pop()
        try:
            state = os.stat(here)
            names = os.listdir(here)
        except OSError as error:
            found.faults.append(Fault(here, error.strerror or str(error)))
            continue
        place = (state.st_dev, state.st_ino)
        if place in above:
            found.faults.append(Fault(here, "a link to a folder that it lies in"))
            continue
        for name in names:
            path = os.path.join(here, name)
            if _is_hidden(name):
                found.skipped[HIDDEN] += 1
            elif os.path.isdir(path):
                left.append((path, above | {place}))
            elif name.lower().endswith(endings):
                files.append((here, name))
            else:
                found.skipped[os.path.splitext(name)[1].lower() or "without an ending"] += 1
    found.files += [(os.path.join(*file), label) for file in sorted(files)]


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in LEFT


def skipped_words(skipped: Counter[str]) -> str:
    """Return the skipped kinds on one line, the most frequent first; empty if there are none."""
    kinds = sorted(skipped.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{count} {inert(kind)}" for kind, count in kinds[:MOST_KINDS]]
    rest = sum(count for _, count in kinds[MOST_KINDS:])
    return ", ".join([*told, *([f"{rest} others"] if rest else [])])
