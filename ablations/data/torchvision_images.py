"""Torchvision's small data sets, found on disk or downloaded."""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision import datasets
from torchvision.datasets.mnist import read_image_file, read_label_file

from ablations.data.holdout import HELD_OUT, hold_out
from ablations.data.image_sets import TensorImages
from ablations.data.images import Batch
from ablations.errors import SettingError

_SOURCES: dict[str, tuple[type, str, bool]] = {
    "cifar10": (datasets.CIFAR10, "cifar-10-batches-py", True),
    "cifar100": (datasets.CIFAR100, "cifar-100-python", True),
    "fashion-mnist": (datasets.FashionMNIST, "FashionMNIST/raw", False),
}
"""Name -> torchvision's class, its folder in the data directory, and whether training images are
cropped and flipped. They are for CIFAR, as usual; Fashion-MNIST gains nothing in a few epochs, as
its shoes all face one way."""

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Folder of Debian's package dataset-fashion-mnist."""

_UNREADABLE = (AssertionError, KeyError, RuntimeError, TypeError, ValueError)
"""Errors of torchvision's reader for a file that is not a complete MNIST file."""

_INCOMPLETE = (OSError, EOFError, zlib.error, *_UNREADABLE)
"""Errors for a data set that is missing or damaged."""


@dataclass(frozen=True)
class Labelled:
    """One split: images (N, H, W) or (N, H, W, 3), uint8, labels, class names."""

    data: Any
    targets: Any
    classes: Sequence[str]


def torchvision_images(name: str, data_dir: Path, split: str) -> TensorImages:
    """Return the data set `name`, a key of _SOURCES, at its own size: CIFAR 32x32 pixels,
    Fashion-MNIST 28x28.

    Raises:
        SettingError: The data set is missing and cannot be downloaded.
    """
    source, folder, augments = _SOURCES[name]
    train = _find_or_download(name, source, data_dir, folder, train=True)
    images, labels = _as_tensors(train)
    contents = _digest(train)
    if split == "test":
        test = _find_or_download(name, source, data_dir, folder, train=False)
        judged, judged_labels = _as_tensors(test)
        contents += _digest(test)
    else:
        kept, held = hold_out(labels.tolist(), train.classes)
        judged, judged_labels = images[held], labels[held]
        images, labels = images[kept], labels[kept]
    mean = images.mean((0, 2, 3), keepdim=True)
    std = images.std((0, 2, 3), keepdim=True)
    images = (images - mean) / std

    def epoch(generator: torch.Generator) -> Batch:
        return _crop_and_flip(images, generator) if augments else images, labels

    size = images.shape[-1]
    return TensorImages(
        name=name,
        split=split,
        classes=len(train.classes),
        description=(
            f"{name}, {len(labels)} training and {len(judged_labels)} {split} images of "
            f"{size}x{size} pixels{'' if split == 'test' else f'; {HELD_OUT}'}"
        ),
        train_size=len(labels),
        test=((judged - mean) / std, judged_labels),
        train=epoch,
        contents=contents,
    )


def _find_or_download(
    name: str, source: type, data_dir: Path, folder: str, train: bool
) -> Labelled:
    places = [data_dir / folder]
    try:
        return _labelled(source(data_dir, train=train))
    except _INCOMPLETE:
        pass
    if source is datasets.FashionMNIST:
        places.append(DEBIAN)
        try:
            return _from_debian(train)
        except _INCOMPLETE:
            pass
    missing = [path for path in (data_dir, *data_dir.parents) if not path.exists()]
    try:
        return _labelled(source(data_dir, train=train, download=True))
    except _INCOMPLETE as error:
        _remove_empty(data_dir, missing)
        raise _nowhere(name, places, error) from None


def _nowhere(name: str, places: Sequence[Path], error: Exception) -> SettingError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    is_missing = "is missing or incomplete" if len(places) == 1 else "are missing or incomplete"
    return SettingError(
        "dataset",
        name,
        f"looked for {' and '.join(map(str, places))}, which {is_missing}, and could not "
        f"download it ({reason}); put it there, name its place with --data-dir, "
        "or use --dataset digits, which needs no download",
    )


def _labelled(found: datasets.VisionDataset) -> Labelled:
    return Labelled(found.data, found.targets, found.classes)


def _from_debian(train: bool) -> Labelled:
    split = "train" if train else "t10k"
    images = _read_idx(DEBIAN / f"{split}-images-idx3-ubyte.gz", read_image_file)
    labels = _read_idx(DEBIAN / f"{split}-labels-idx1-ubyte.gz", read_label_file)
    classes = datasets.FashionMNIST.classes
    if images.shape[1:] != (28, 28) or labels.shape != images.shape[:1] or labels.max() > 9:
        raise ValueError(f"{DEBIAN} is not Fashion-MNIST: images {tuple(images.shape)}")
    return Labelled(images, labels, classes)


def _read_idx(path: Path, read: Callable[[str], Tensor]) -> Tensor:
    """Return what `read`, one of torchvision's readers, finds in a compressed MNIST file.

    Raises:
        OSError, EOFError, zlib.error: The file cannot be read or decompressed.
        ValueError: Its content is not a complete MNIST file.
    """
    content = gzip.decompress(path.read_bytes())
    with NamedTemporaryFile() as file:  # the readers take uncompressed files only
        file.write(content)
        file.flush()
        try:
            return read(file.name)
        except _UNREADABLE:
            raise ValueError(f"{path} is not a complete MNIST (IDX) file of bytes") from None


def _remove_empty(data_dir: Path, created: list[Path]) -> None:
    """Remove the empty folders of a failed download."""
    if not created:
        return
    below = sorted((p for p in data_dir.rglob("*") if p.is_dir()), reverse=True)
    for path in [*below, *created]:
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _as_tensors(found: Labelled) -> Batch:
    """Return images (N, C, H, W) in 0..1 and labels (N,)."""
    images = torch.as_tensor(found.data)
    images = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)
    return images.float() / 255, torch.as_tensor(found.targets).long()


def _digest(found: Labelled) -> str:
    """Return a digest of images and labels, the same for every source."""
    images, labels = torch.as_tensor(found.data), torch.as_tensor(found.targets).long()
    digest = hashlib.sha256(repr(tuple(images.shape)).encode())
    digest.update(images.contiguous().numpy().data)
    digest.update(labels.numpy().data)
    return digest.hexdigest()


def _crop_and_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Pad each image by 4, crop it back at random, and flip it with probability 1/2."""
    n, _, height, width = images.shape
    padded = F.pad(images, (4, 4, 4, 4))
    top, left = torch.randint(9, (2, n), generator=generator)
    rows = top[:, None] + torch.arange(height)
    columns = left[:, None] + torch.arange(width)
    flipped = torch.rand(n, generator=generator) < 0.5
    columns = torch.where(flipped[:, None], columns.flip(1), columns)
    index = torch.arange(n)[:, None, None]
    return padded[index, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
