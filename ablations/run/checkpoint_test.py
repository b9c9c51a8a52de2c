"""What a trained network gets right on a folder of images."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from ablations.cores import usable_cores
from ablations.data.class_folders import ClassFolders, list_classes, skipped_words
from ablations.data.image_folder import centred
from ablations.data.image_scan import OnLook, Pictures, bad_images, look_at
from ablations.data.picture_files import ENDINGS, UnreadableImage
from ablations.data.registry import folder_of
from ablations.errors import SettingError, one_line
from ablations.run.checkpoint_settings import CheckpointSettings
from ablations.run.launcher import choose_device
from ablations.statistics.intervals import Interval, wilson_interval
from involution_core import load_official
from involution_core.networks import BottleneckNetwork

GUESSES = 5
READERS = 8
"""Processes that read images from disk, at most."""


@dataclass(frozen=True)
class Evaluation:
    """What a network got right.

    top1_right, top5_right: images whose class is the first guess, and among the first five.
    images, classes: how many there are.
    folder:  where they lie.
    skipped: what was passed over there, in words.
    seconds: reading the images and the network, on `device`.
    """

    top1_right: int
    top5_right: int
    images: int
    classes: int
    folder: Path
    device: torch.device
    seconds: float
    skipped: str = ""

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
    settings: CheckpointSettings,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
    on_look: OnLook = lambda done, of: None,
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
        return evaluate(
            network, settings.dataset, settings.batch_size, device, on_progress, on_look
        )
    except FloatingPointError as error:
        raise SettingError("weights", settings.weights, str(error)) from None


def evaluate(
    network: BottleneckNetwork,
    dataset: str,
    batch_size: int,
    device: torch.device,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
    on_look: OnLook = lambda done, of: None,
) -> Evaluation:
    """Top-1 and Top-5 of `network`, which is left in eval mode on `device`, channels_last.

    dataset: "imagefolder:PATH" with PATH/val/CLASS/*.jpg, or PATH/CLASS/*.jpg without a val. The
             folders' names in their order are the network's classes, of which all have to be there,
             with images or without.
    on_progress(images done, of how many), after each batch; on_look: see image_scan.

    Images are seen as `centred` makes them, at the size that the network is meant for.
    Raises SettingError for a folder that is not that or images that cannot be used, and
    FloatingPointError where an output is not finite.
    """
    folder = _open_folder(dataset)
    assert isinstance(network.classifier, torch.nn.Linear)
    classes = network.classifier.out_features
    if len(folder.classes) != classes:
        problem = f"{folder.root} has {len(folder.classes)} classes, the network {classes}"
        raise SettingError("dataset", dataset, problem)
    images = _look_at(dataset, folder, network.architecture.image_size, on_look)
    network.to(device).to(memory_format=torch.channels_last).eval()
    top1_right = top5_right = done = 0
    start = time.perf_counter()
    try:
        with torch.inference_mode():
            for batch, labels in DataLoader(
                images, batch_size, num_workers=min(READERS, usable_cores())
            ):
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
        folder=folder.root,
        device=device,
        seconds=time.perf_counter() - start,
        skipped=skipped_words(folder.skipped),
    )


def _open_folder(dataset: str) -> ClassFolders:
    layout = "expected PATH/val/CLASS/*.jpg or PATH/CLASS/*.jpg (or png, bmp, ...)"
    root = folder_of(dataset)
    folder = root / "val" if (root / "val").is_dir() else root
    if not folder.is_dir():
        raise SettingError("dataset", dataset, f"{folder} is not a directory; {layout}")
    if folder == root and (root / "train").is_dir():
        raise SettingError("dataset", dataset, f"{root} has train but no val; {layout}")
    try:
        found = list_classes(folder, ENDINGS)
    except OSError as error:
        raise SettingError("dataset", dataset, f"{one_line(error)}; {layout}") from None
    if not found.classes:
        raise SettingError("dataset", dataset, f"no folders of classes in {folder}; {layout}")
    if not found.files and not found.faults:
        raise SettingError("dataset", dataset, f"no images under {folder}; {layout}")
    return found


def _look_at(dataset: str, folder: ClassFolders, image_size: int, on_look: OnLook) -> Pictures:
    (samples,), faults = look_at(folder_of(dataset), [folder], on_look)
    if faults:
        raise bad_images(dataset, faults, len(folder.files), "mend or remove them")
    return Pictures(samples, centred(image_size))
