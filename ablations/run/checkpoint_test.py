"""What a trained network gets right on a folder of images, or on its data set."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets

from ablations.data.image_folder import centred
from ablations.data.images import Batch
from ablations.data.registry import FOLDER, load_data
from ablations.errors import SettingError
from ablations.run.checkpoint_settings import CheckpointSettings
from ablations.run.launcher import choose_device
from ablations.statistics.intervals import Interval, wilson_interval
from ablations.training.weights_file import TrainedNetwork, read_weights
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
    source:  the folder where they lie, or what the data set says of itself.
    seconds: reading the images and the network, on `device`.
    trained: the network, where it is a trial's.
    """

    top1_right: int
    top5_right: int
    images: int
    classes: int
    source: Path | str
    device: torch.device
    seconds: float
    trained: TrainedNetwork | None = None

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
    """`evaluate` for a checkpoint of the authors' repository, or for the weights of a trial.

    Raises SettingError, in one line, for whatever of the settings cannot be used.
    """
    device = choose_device(settings.device)
    try:
        trained = read_weights(settings.weights)
        if trained is not None:
            return _evaluate_trained(trained, settings, device, on_progress)
        if settings.dataset is None:
            raise ValueError("is no trial's weights, which name their images; give --dataset")
        network = load_official(settings.official_model, settings.weights)
        return evaluate(network, settings.dataset, settings.batch_size, device, on_progress)
    except SettingError:
        raise
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        raise SettingError("weights", settings.weights, problem) from None
    except (ValueError, FloatingPointError) as error:
        raise SettingError("weights", settings.weights, str(error)) from None


def _evaluate_trained(
    trained: TrainedNetwork,
    settings: CheckpointSettings,
    device: torch.device,
    on_progress: Callable[[int, int], None],
) -> Evaluation:
    """On the folder of the settings or, without one, on what the trial was tested on."""
    if settings.model is not None:
        raise SettingError("model", settings.model, "leave it out: a trial's weights say it")
    network = trained.build()
    if settings.dataset is not None:
        images = _open_folder(settings.dataset, trained.image_size)
        _check_classes(images, settings.dataset, trained.classes)
        found = _judge_folder(network, images, settings.batch_size, device, on_progress)
    else:
        data = load_data(trained.images)
        if data.classes != trained.classes:
            told = f"{data.name} has {data.classes} classes here, the network {trained.classes}"
            raise ValueError(told)
        batches = data.test_batches(settings.batch_size)
        size, said = data.test_size, data.description
        found = _judge(network, batches, size, data.classes, said, device, on_progress)
    return replace(found, trained=trained)


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
    _check_classes(images, dataset, network.classifier.out_features)
    return _judge_folder(network, images, batch_size, device, on_progress)


def _check_classes(images: datasets.ImageFolder, dataset: str, classes: int) -> None:
    if len(images.classes) != classes:
        problem = f"{images.root} has {len(images.classes)} classes, the network {classes}"
        raise SettingError("dataset", dataset, problem)


def _judge_folder(
    network: nn.Module,
    images: datasets.ImageFolder,
    batch_size: int,
    device: torch.device,
    on_progress: Callable[[int, int], None],
) -> Evaluation:
    batches = DataLoader(images, batch_size, num_workers=_readers())
    size, classes, root = len(images), len(images.classes), Path(images.root)
    try:
        return _judge(network, batches, size, classes, root, device, on_progress)
    except UnreadableImage as error:
        # From a reading process it comes as a traceback, with its kind before the last line.
        told = str(error).strip().splitlines()[-1].rpartition("UnreadableImage: ")[2]
        error.__traceback__ = None  # it would keep those processes until garbage is collected
        raise SettingError("dataset", f"{FOLDER}{root}", told) from None


def _judge(
    network: nn.Module,
    batches: Iterable[Batch],
    images: int,
    classes: int,
    source: Path | str,
    device: torch.device,
    on_progress: Callable[[int, int], None],
) -> Evaluation:
    network.to(device).to(memory_format=torch.channels_last).eval()
    top1_right = top5_right = done = 0
    start = time.perf_counter()
    with torch.inference_mode():
        for batch, labels in batches:
            batch = batch.to(device, memory_format=torch.channels_last)
            scores = network(batch)
            if not scores.isfinite().all():
                raise FloatingPointError("the network's outputs are not finite")
            guesses = scores.topk(min(GUESSES, classes)).indices
            right = guesses == labels.to(device)[:, None]
            top1_right += int(right[:, 0].sum())
            top5_right += int(right.sum())
            done += len(labels)
            on_progress(done, images)
    return Evaluation(
        top1_right=top1_right,
        top5_right=top5_right,
        images=images,
        classes=classes,
        source=source,
        device=device,
        seconds=time.perf_counter() - start,
    )


def _open_folder(dataset: str, image_size: int) -> datasets.ImageFolder:
    layout = "expected PATH/val/CLASS/*.jpg or PATH/CLASS/*.jpg (or png, bmp, ...)"
    root = Path(dataset.removeprefix(FOLDER)).expanduser()
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
