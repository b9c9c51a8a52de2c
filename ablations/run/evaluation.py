"""Top-1 and Top-5 of a trained network on a folder of images, or on its data set."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader

from ablations.cores import usable_cores
from ablations.data.class_folders import ClassFolders, list_classes, skipped_words
from ablations.data.image_folder import centred
from ablations.data.image_scan import OnLook, Pictures, bad_images, look_at
from ablations.data.images import Batch
from ablations.data.picture_files import ENDINGS, UnreadableImage
from ablations.data.registry import folder_of, load_data
from ablations.errors import SettingError, one_line
from ablations.records.weights import TrainedNetwork, read_weights
from ablations.run.code_trust import check_trusted
from ablations.run.context import choose_device
from ablations.run.evaluation_settings import EvaluationSettings
from ablations.statistics.estimate import Interval, wilson_interval
from ablations.study.train_settings import own_code_of
from involution_core import load_official
from involution_core.networks.rednet import BottleneckNetwork

GUESSES = 5
READERS = 8
"""Maximum processes that read images from disk."""

OnProgress = Callable[[int, int], None]
"""Called after each batch with the images done and their total."""


def _unseen(done: int, of: int) -> None:
    """Ignore the progress."""


@dataclass(frozen=True)
class Evaluation:
    """What a network classified correctly.

    top1_right, top5_right: images whose class is the first guess, and among the first five.
    images, classes: their numbers.
    source:  folder of the images, or description of the data set.
    skipped: files left out, in words.
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
    skipped: str = ""
    trained: TrainedNetwork | None = None

    @property
    def top1(self) -> float:
        """Percent."""
        return 100 * self.top1_right / self.images

    @property
    def top5(self) -> float:
        """Percent; 100 with up to five classes."""
        return 100 * self.top5_right / self.images

    @property
    def top1_interval(self) -> Interval:
        """Wilson's 95 % interval in percent, over images from the same source."""
        return self._interval(self.top1_right)

    @property
    def top5_interval(self) -> Interval:
        """Same as `top1_interval`."""
        return self._interval(self.top5_right)

    def _interval(self, right: int) -> Interval:
        low, high = wilson_interval(right, self.images)
        return 100 * low, 100 * high


def evaluate_checkpoint(
    settings: EvaluationSettings,
    on_progress: OnProgress = _unseen,
    on_look: OnLook = _unseen,
    trust_code: bool = False,
) -> Evaluation:
    """Evaluate a checkpoint of the authors' repository, or the weights of a trial.

    With `trust_code` the code that a trial's weights name may run even if it has changed.

    Raises:
        SettingError: In one line, for a setting that cannot be used.
    """
    device = choose_device(settings.device)
    try:
        trained = read_weights(settings.weights)
        if trained is not None:
            if not trust_code:
                _check_code(trained, settings)
            return _evaluate_trained(trained, settings, device, on_progress, on_look)
        if settings.dataset is None:
            raise ValueError("is no trial's weights, which name their images; give --dataset")
        network = load_official(settings.official_model, settings.weights)
        return evaluate(
            network, settings.dataset, settings.batch_size, device, on_progress, on_look
        )
    except SettingError:
        raise
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        raise SettingError("weights", settings.weights, problem) from None
    except (ValueError, FloatingPointError) as error:
        raise SettingError("weights", settings.weights, str(error)) from None


def _check_code(trained: TrainedNetwork, settings: EvaluationSettings) -> None:
    """Raise ValueError before any untrusted code is imported."""
    if settings.dataset is None:
        named = own_code_of(trained.variant, trained.settings)
    else:
        named = list(trained.variant.own_code)
    check_trusted(named, trained.code)


def _evaluate_trained(
    trained: TrainedNetwork,
    settings: EvaluationSettings,
    device: torch.device,
    on_progress: OnProgress,
    on_look: OnLook,
) -> Evaluation:
    """Evaluate on the folder of the settings or, without one, on the trial's own test data."""
    if settings.model is not None:
        raise SettingError("model", settings.model, "leave it out: a trial's weights say it")
    network = trained.build()
    if settings.dataset is not None:
        folder = _open_folder(settings.dataset, trained.classes)
        images = _look_at(settings.dataset, folder, trained.image_size, on_look)
        found = _judge_folder(
            network, settings.dataset, folder, images, settings.batch_size, device, on_progress
        )
    else:
        data = load_data(trained.request, on_look)
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
    on_progress: OnProgress = _unseen,
    on_look: OnLook = _unseen,
) -> Evaluation:
    """Return Top-1 and Top-5 of `network`, left in eval mode on `device`, channels_last.

    dataset: "imagefolder:PATH" with PATH/val/CLASS/*.jpg, or PATH/CLASS/*.jpg without a val. The
             folders' names in their order are the network's classes, of which all have to be there,
             with images or without.
    on_progress(images done, of how many), after each batch; on_look: see image_scan.

    Images are seen as `centred` makes them, at the size that the network is meant for.
    Raises SettingError for a folder that is not that or images that cannot be used, and
    FloatingPointError where an output is not finite.
    """
    assert isinstance(network.classifier, nn.Linear)
    folder = _open_folder(dataset, network.classifier.out_features)
    images = _look_at(dataset, folder, network.architecture.image_size, on_look)
    return _judge_folder(network, dataset, folder, images, batch_size, device, on_progress)


def _judge_folder(
    network: nn.Module,
    dataset: str,
    folder: ClassFolders,
    images: Pictures,
    batch_size: int,
    device: torch.device,
    on_progress: OnProgress,
) -> Evaluation:
    batches = DataLoader(images, batch_size, num_workers=min(READERS, usable_cores()))
    size, classes = len(images), len(folder.classes)
    try:
        found = _judge(network, batches, size, classes, folder.root, device, on_progress)
    except UnreadableImage as error:
        # From a reading process it comes as a traceback, with its kind before the last line.
        told = str(error).strip().splitlines()[-1].rpartition("UnreadableImage: ")[2]
        error.__traceback__ = None  # it would keep those processes until garbage is collected
        raise SettingError("dataset", dataset, told) from None
    return replace(found, skipped=skipped_words(folder.skipped))


def _judge(
    network: nn.Module,
    batches: Iterable[Batch],
    images: int,
    classes: int,
    source: Path | str,
    device: torch.device,
    on_progress: OnProgress,
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


def _open_folder(dataset: str, classes: int) -> ClassFolders:
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
    if len(found.classes) != classes:
        problem = f"{found.root} has {len(found.classes)} classes, the network {classes}"
        raise SettingError("dataset", dataset, problem)
    return found


def _look_at(dataset: str, folder: ClassFolders, image_size: int, on_look: OnLook) -> Pictures:
    (samples,), faults = look_at(folder_of(dataset), [folder], on_look)
    if faults:
        raise bad_images(dataset, faults, len(folder.files), "mend or remove them")
    return Pictures(samples, centred(image_size))
