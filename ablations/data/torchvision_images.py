"""Torchvision's small data sets, found on disk or downloaded."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision import datasets

from ablations.data.holdout import HELD_OUT, hold_out
from ablations.data.images import Batch, TensorImages
from ablations.errors import SettingError

_SOURCES: dict[str, tuple[type, str, bool]] = {
    "cifar10": (datasets.CIFAR10, "cifar-10-batches-py", True),
    "cifar100": (datasets.CIFAR100, "cifar-100-python", True),
    "fashion-mnist": (datasets.FashionMNIST, "FashionMNIST/raw", False),
}
"""Torchvision's class, its folder in the data directory, whether flipping keeps the class."""


def torchvision_images(name: str, data_dir: Path, split: str) -> TensorImages:
    """The data set called `name`, a key of _SOURCES, 32x32 pixels.

    Raises:
        SettingError: Where it is not there and cannot be downloaded.
    """
    source, folder, flips = _SOURCES[name]
    train = _find_or_download(name, source, data_dir, folder, train=True)
    images, labels = _as_tensors(train)
    if split == "test":
        test = _find_or_download(name, source, data_dir, folder, train=False)
        judged, judged_labels = _as_tensors(test)
    else:
        kept, held = hold_out(labels.tolist(), train.classes)
        judged, judged_labels = images[held], labels[held]
        images, labels = images[kept], labels[kept]
    mean = images.mean((0, 2, 3), keepdim=True)
    std = images.std((0, 2, 3), keepdim=True)
    images = (images - mean) / std

    def augmented(generator: torch.Generator) -> Batch:
        return _crop_and_flip(images, flips, generator), labels

    return TensorImages(
        name=name,
        split=split,
        classes=len(train.classes),
        description=(
            f"{name}, {len(labels)} training and {len(judged_labels)} {split} images of "
            f"32x32 pixels{'' if split == 'test' else f'; {HELD_OUT}'}"
        ),
        train_size=len(labels),
        test=((judged - mean) / std, judged_labels),
        train=augmented,
    )


def _find_or_download(
    name: str, source: type, data_dir: Path, folder: str, train: bool
) -> datasets.VisionDataset:
    try:
        return source(data_dir, train=train)
    except (OSError, RuntimeError, ValueError, EOFError):
        pass  # not there, or not whole: torchvision says it in all these ways
    missing = [path for path in (data_dir, *data_dir.parents) if not path.exists()]
    try:
        return source(data_dir, train=train, download=True)
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        _remove_empty(data_dir, missing)
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingError(
            "dataset",
            name,
            f"looked for {data_dir / folder}, which is missing or incomplete, and could not "
            f"download it ({reason}); put it there, name its place with --data-dir, "
            "or use --dataset digits, which needs no download",
        ) from None


def _remove_empty(data_dir: Path, created: list[Path]) -> None:
    """Takes back the folders that a failed download left empty."""
    if not created:
        return
    below = sorted((p for p in data_dir.rglob("*") if p.is_dir()), reverse=True)
    for path in [*below, *created]:
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _as_tensors(dataset: datasets.VisionDataset) -> Batch:
    """Images (N, C, 32, 32) in 0..1 and labels (N,)."""
    images = torch.as_tensor(dataset.data)
    images = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)
    border = (32 - images.shape[-1]) // 2
    labels = torch.as_tensor(dataset.targets).long()
    return F.pad(images.float() / 255, (border,) * 4), labels


def _crop_and_flip(images: Tensor, flips: bool, generator: torch.Generator) -> Tensor:
    """Each image padded by 4 and cropped back at random, and flipped with probability 1/2."""
    n, _, height, width = images.shape
    padded = F.pad(images, (4, 4, 4, 4))
    top, left = torch.randint(9, (2, n), generator=generator)
    rows = top[:, None] + torch.arange(height)
    columns = left[:, None] + torch.arange(width)
    if flips:
        flipped = torch.rand(n, generator=generator) < 0.5
        columns = torch.where(flipped[:, None], columns.flip(1), columns)
    index = torch.arange(n)[:, None, None]
    return padded[index, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
