"""What a trained network gets right on a folder of images."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import datasets

from ablations.data.image_folder import centred
from ablations.data.registry import FOLDER
from ablations.errors import SettingError
from ablations.run.checkpoint_settings import CheckpointSettings
from ablations.run.launcher import choose_device
from ablations.settings.readers import expanded
from ablations.statistics.intervals import Interval, wilson_interval
from involution_core import load_official
from involution_core.networks import BottleneckNetwork

GUESSES = 5
READERS = 8
"""Processes that read images from disk, at most."""


class UnreadableImage(Exception):
    """A file that is no image, or not all of one; its path and why."""


@dataclass(frozen=True)
class Evaluation:
    """What a network got right.

    top1_right, top5_right: images whose class is the first guess, and among the first five.
    images, classes: how many there are.
    folder:  where they lie.
    seconds: reading the images and the network, on `device`.
    """

    top1_right: int
    top5_right: int
    images: int
    classes: int
    folder: Path
    device: torch.device
    seconds: float

    @property
    def top1(self) -> float:
        """Percent."""
        return 100 * self.top1_right / self.images

    @property
    def top5(self) -> float:
        """Percent; 100 where there are no more than five classes."""
        return 100 * self.top5_right / self.images

    @property
    def top1_interval(self) -> Interval:
        """95 %, Wilson's, in percent: of other images from where these came."""
        return self._interval(self.top1_right)

    @property
    def top5_interval(self) -> Interval:
        """As `top1_interval`."""
        return self._interval(self.top5_right)

    def _interval(self, right: int) -> Interval:
        low, high = wilson_interval(right, self.images)
        return 100 * low, 100 * high


def evaluate_checkpoint(
    settings: CheckpointSettings, on_progress: Callable[[int, int], None] = lambda done, of: None
) -> Evaluation:
    """`evaluate` for a checkpoint of the authors' repository.

    Raises SettingError, in one line, for whatever of the settings cannot be used.
    """
    device = choose_device(settings.device)
    try:
        network = load_official(settings.model, settings.weights)
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        raise SettingError("weights", settings.weights, problem) from None
    except ValueError as error:
        raise SettingError("weights", settings.weights, str(error)) from None
    try:
        return evaluate(network, settings.dataset, settings.batch_size, device, on_progress)
    except FloatingPointError as error:
        raise SettingError("weights", settings.weights, str(error)) from None


def evaluate(
    network: BottleneckNetwork,
    dataset: str,
    batch_size: int,
    device: torch.device,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Evaluation:
    """Top-1 and Top-5 of `network`, which is left in eval mode on `device`, channels_last.

    dataset: "imagefolder:PATH" with PATH/val/CLASS/*.jpg, or PATH/CLASS/*.jpg without a val. The
             folders' names in their order are the network's classes, of which all have to be there,
             with images or without.
    on_progress(images done, of how many), after each batch.

    Images are seen as `centred` makes them, at the size that the network is meant for.
    Raises SettingError for a folder that is not that or an image that cannot be read, and
    FloatingPointError where an output is not finite.
    """
    images = _open_folder(dataset, network.architecture.image_size)
    classes = network.classifier.out_features
    if len(images.classes) != classes:
        problem = f"{images.root} has {len(images.classes)} classes, the network {classes}"
        raise SettingError("dataset", dataset, problem)
    network.to(device).to(memory_format=torch.channels_last).eval()
    top1_right = top5_right = done = 0
    start = time.perf_counter()
    try:
        with torch.inference_mode():
            for batch, labels in DataLoader(images, batch_size, num_workers=_readers()):
                batch = batch.to(device, memory_format=torch.channels_last)
                scores = network(batch)
                if not scores.isfinite().all():
                    raise FloatingPointError("the network's outputs are not finite")
                guesses = scores.topk(min(GUESSES, classes)).indices
                right = guesses == labels.to(device)[:, None]
                top1_right += int(right[:, 0].sum())
                top5_right += int(right.sum())
                done += len(labels)
                on_progress(done, len(images))
    except UnreadableImage as error:
        # From a reading process it comes as a traceback, with its kind before the last line.
        told = str(error).strip().splitlines()[-1].rpartition("UnreadableImage: ")[2]
        error.__traceback__ = None  # it would keep those processes until garbage is collected
        raise SettingError("dataset", dataset, told) from None
    return Evaluation(
        top1_right=top1_right,
        top5_right=top5_right,
        images=len(images),
        classes=classes,
        folder=Path(images.root),
        device=device,
        seconds=time.perf_counter() - start,
    )


def _open_folder(dataset: str, image_size: int) -> datasets.ImageFolder:
    layout = "expected PATH/val/CLASS/*.jpg or PATH/CLASS/*.jpg (or png, bmp, ...)"
    root = expanded(Path(dataset.removeprefix(FOLDER)))
    folder = root / "val" if (root / "val").is_dir() else root
    if not folder.is_dir():
        raise SettingError("dataset", dataset, f"{folder} is not a directory; {layout}")
    if folder == root and (root / "train").is_dir():
        raise SettingError("dataset", dataset, f"{root} has train but no val; {layout}")
    try:
        images = datasets.ImageFolder(folder, centred(image_size), loader=_open, allow_empty=True)
    except OSError as error:
        raise SettingError("dataset", dataset, f"{str(error).splitlines()[0]}; {layout}") from None
    if not len(images):
        raise SettingError("dataset", dataset, f"no images under {folder}; {layout}")
    return images


def _open(path: str) -> Image.Image:
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except Exception as error:  # a broken image fails in Pillow's readers in any way
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableImage(f"{path} cannot be read as an image ({reason})") from None


def _readers() -> int:
    usable = getattr(os, "sched_getaffinity", None)
    return min(READERS, len(usable(0)) if usable else os.cpu_count() or 1)
