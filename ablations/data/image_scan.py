"""Every image looked at before any is used: read as a whole and decoded, once."""

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
"""That look at images, at most; Pillow lets others run while it decodes."""

AT_A_TIME = 256
"""Images that are looked at before it is told and kept."""

SETTLED_SECONDS = 2.0
"""A file that changed less than this ago could change again and look the same: file systems keep
times more coarsely than they tell them. What is found of it is not kept."""

MOST_LISTED = 20
"""Files of an error, on the screen."""

BAD_FILES = "bad-images.txt"
"""In the cache folder: all of them, where they are more."""

OnLook = Callable[[int, int], None]
"""Told how many images have been looked at, and of how many that were not known before."""


@dataclass(frozen=True)
class Sample:
    """An image's file, its class, and the SHA-256 of what is in it."""

    path: str
    label: int
    digest: str


class Pictures(Dataset):
    """Images with their classes, read from disk as they are asked for.

    samples: the images; transform: what makes an RGB picture of Pillow's a tensor.
    """

    def __init__(self, samples: Sequence[Sample], transform: Callable[[Any], Tensor]) -> None:
        self.samples, self.transform = samples, transform

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        """Raises UnreadableImage where the file is not as it was when it was looked at."""
        sample = self.samples[place]
        return self.transform(read_picture(sample.path, sample.digest)), sample.label


def look_at(
    root: Path, folders: Sequence[ClassFolders], on_look: OnLook
) -> tuple[list[list[Sample]], list[Fault]]:
    """The images of each of `folders`, which lie below `root` or are it, and whatever of them
    cannot be used.

    Files that were looked at before and are in the same state are not read.
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
    """The stamp of a file, empty where what is found is not to be kept, and what is found."""
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
    """Of a file's state and of what reads it. Nobody can set back the time of its last change."""
    kept = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
    return " ".join(map(str, (*kept, PIL.__version__)))


def bad_images(name: str, faults: Sequence[Fault], of: int, way_out: str) -> SettingError:
    """The error that says which images cannot be used.

    Args:
        name: Of the data set, as typed.
        faults: What is wrong.
        of: How many images there are.
        way_out: What can be done, in the line's end.
    """
    told = [str(fault) for fault in faults]
    listed = told[:MOST_LISTED]
    if len(told) > MOST_LISTED:
        listed.append(f"and {len(told) - MOST_LISTED} more{''.join(_kept_list(told))}")
    problem = f"{len(told)} of {of} images cannot be used; {way_out}"
    return SettingError("dataset", name, problem, listed)


def _kept_list(lines: Sequence[str]) -> Iterator[str]:
    """Writes all of them into the cache folder, and says where they stand."""
    folder = cache_folder()
    if folder is not None:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / BAD_FILES
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            yield f"; all of them: {file}"
