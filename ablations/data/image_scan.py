"""The check of an image folder: every file is read and decoded once before any is used."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL
from torch import Tensor
from torch.utils.data import Dataset

from ablations.cores import usable_cores
from ablations.data.class_folders import ClassFolders, Fault
from ablations.data.image_cache import ImageCache, Verdict, cache_folder
from ablations.data.picture_files import as_errors, decode, read_file, read_picture, why_unreadable
from ablations.errors import SettingError

THREADS = 8
"""Maximum threads that check images; Pillow releases the GIL while it decodes."""

AT_A_TIME = 256
"""Images per report of progress and per write to the cache."""

SETTLED_SECONDS = 2.0
"""Verdicts on files changed more recently are not cached: another change could leave the same time
stamp, because file systems store times coarsely."""

MOST_LISTED = 20
"""Maximum files that an error lists on the screen."""

BAD_FILES = "bad-images.txt"
"""File in the cache folder with the full list, if it is longer."""

OnLook = Callable[[int, int], None]
"""Called with the number of images checked so far and the number that needed a check."""


@dataclass(frozen=True)
class Sample:
    """The path, class and SHA-256 of an image file."""

    path: str
    label: int
    digest: str


class Pictures(Dataset):
    """Images with their classes, read from disk on demand.

    Args:
        samples: The images.
        transform: Converts an RGB image of Pillow to a tensor.
    """

    def __init__(self, samples: Sequence[Sample], transform: Callable[[Any], Tensor]) -> None:
        self.samples, self.transform = samples, transform

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        """Raise UnreadableImage if the file changed since it was checked."""
        sample = self.samples[place]
        return self.transform(read_picture(sample.path, sample.digest)), sample.label


def look_at(
    root: Path, folders: Sequence[ClassFolders], on_look: OnLook
) -> tuple[list[list[Sample]], list[Fault]]:
    """Return the images of each of `folders`, at or below `root`, and the unusable files.

    Files with a cached verdict on the same state are not read.
    """
    paths = [path for folder in folders for path, _ in folder.files]
    verdicts = dict(zip(paths, _verdicts(root, paths, on_look), strict=True))
    samples: list[list[Sample]] = []
    faults: list[Fault] = []
    for folder in folders:
        faults += folder.faults
        samples.append([])
        for path, label in folder.files:
            if verdicts[path].problem:
                faults.append(Fault(path, verdicts[path].problem))
            else:
                samples[-1].append(Sample(path, label, verdicts[path].digest))
    return samples, faults


def _verdicts(root: Path, paths: Sequence[str], on_look: OnLook) -> list[Verdict]:
    cache = ImageCache(root)
    known = cache.load()
    places = {path: os.path.relpath(path, root) for path in paths}
    found: dict[str, Verdict] = {}
    for path, place in places.items():
        stamp, verdict = known.get(place, ("", None))
        with suppress(OSError):
            if verdict is not None and stamp == _stamp(os.stat(path)):
                found[path] = verdict
    left = [path for path in paths if path not in found]
    with as_errors(), ThreadPoolExecutor(min(THREADS, usable_cores())) as pool:
        for start in range(0, len(left), AT_A_TIME):
            now = left[start : start + AT_A_TIME]
            looked = list(pool.map(_look, now))
            found |= {path: verdict for path, (_, verdict) in zip(now, looked, strict=True)}
            cache.add(
                (places[path], stamp, verdict)
                for path, (stamp, verdict) in zip(now, looked, strict=True)
                if stamp
            )
            on_look(start + len(now), len(left))
    return [found[path] for path in paths]


def _look(path: str) -> tuple[str, Verdict]:
    """Return the stamp of a file, empty if its verdict must not be cached, and the verdict."""
    try:
        content, state = read_file(path)
    except OSError as error:
        return "", Verdict("", why_unreadable(error))
    settled = time.time() - state.st_ctime >= SETTLED_SECONDS
    digest, problem = hashlib.sha256(content).hexdigest(), ""
    try:
        decode(content)
    except Exception as error:  # a broken image fails in Pillow's readers in any way
        problem = why_unreadable(error)
    return _stamp(state) if settled else "", Verdict(digest, problem)


def _stamp(state: os.stat_result) -> str:
    """Return a stamp of a file's state and of Pillow's version. Users cannot set `st_ctime`."""
    kept = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
    return " ".join(map(str, (*kept, PIL.__version__)))


def bad_images(name: str, faults: Sequence[Fault], of: int, way_out: str) -> SettingError:
    """Return the error that lists unusable images.

    Args:
        name: Name of the data set, as typed.
        faults: The unusable images.
        of: Number of images in all.
        way_out: What the user can do; ends the message.
    """
    told = [str(fault) for fault in faults]
    listed = told[:MOST_LISTED]
    if len(told) > MOST_LISTED:
        listed.append(f"and {len(told) - MOST_LISTED} more{''.join(_kept_list(told))}")
    problem = f"{len(told)} of {of} images cannot be used; {way_out}"
    return SettingError("dataset", name, problem, listed)


def _kept_list(lines: Sequence[str]) -> Iterator[str]:
    """Write the full list into the cache folder, and yield a note of its path."""
    folder = cache_folder()
    if folder is not None:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / BAD_FILES
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            yield f"; all of them: {file}"
