"""The data sets by name: where each comes from and what to say when it is not there."""

import hashlib
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Subset
from torchvision import datasets
from torchvision.transforms import v2

from ablations.data.digits import digits
from ablations.data.holdout import HELD_OUT, hold_out
from ablations.data.images import Batch, FolderImages, ImageData, TensorImages
from ablations.errors import SettingError
from ablations.study.values import IMAGE_FOLDER, TORCHVISION

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

_SOURCES: dict[str, tuple[type, str, bool]] = {
    "cifar10": (datasets.CIFAR10, "cifar-10-batches-py", True),
    "cifar100": (datasets.CIFAR100, "cifar-100-python", True),
    "fashion-mnist": (datasets.FashionMNIST, "FashionMNIST/raw", False),
}
"""Torchvision's class, its folder in the data directory, whether flipping keeps the class."""


_NORMALISED = (
    v2.ToImage(),
    v2.ToDtype(torch.float32, scale=True),
    v2.Normalize(IMAGENET_MEAN, IMAGENET_STD),
)


def centred(image_size: int) -> v2.Compose:
    """What an image is tested on, (3, image_size, image_size): the shorter side resized to 256/224
    of that (bilinear, antialiased), the middle cropped, ImageNet's mean and deviation taken out."""
    shorter = image_size * 256 // 224
    return v2.Compose([v2.Resize(shorter), v2.CenterCrop(image_size), *_NORMALISED])


def load_data(name: str, data_dir: Path, image_size: int, split: str) -> ImageData:
    """The data set called `name`, with the images of `split` to measure Top-1 on.

    image_size: pixels, used for image folders only. With the split "validation" nothing of the test
    split is in what comes back.

    Raises SettingError, in one line, where it is not there or is not what it should be.
    """
    if name == "digits":
        return digits(split)
    if name in TORCHVISION:
        return _torchvision(name, data_dir, split)
    if name.startswith(IMAGE_FOLDER):
        return _image_folder(name, Path(name.removeprefix(IMAGE_FOLDER)), image_size, split)
    raise SettingError("dataset", name, "unknown data set")


def _torchvision(name: str, data_dir: Path, split: str) -> TensorImages:
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


def _image_folder(name: str, root: Path, image_size: int, split: str) -> FolderImages:
    augment = [v2.RandomResizedCrop(image_size), v2.RandomHorizontalFlip()]
    train = _folder(name, root, "train", v2.Compose([*augment, *_NORMALISED]))
    judged = _folder(name, root, "val" if split == "test" else "train", centred(image_size))
    for here, there in ((train, judged), (judged, train)):
        lacking = sorted(set(here.classes) - set(there.classes))
        if lacking:
            missing = f"class {lacking[0]} of {here.root} is missing in {there.root}"
            raise _no_image_folder(name, missing)
    if len(train.classes) < 2:
        raise _no_image_folder(name, f"{train.root} has a single class")
    train_places, judged_places = list(range(len(train))), list(range(len(judged)))
    purpose, held_out = "test", ""
    if split == "validation":
        try:
            train_places, judged_places = hold_out(train.targets, train.classes)
        except ValueError as error:
            raise SettingError("dataset", name, str(error)) from None
        purpose, held_out = "validate", f"; {HELD_OUT}"
    return FolderImages(
        name=name,
        split=split,
        classes=len(train.classes),
        image_size=image_size,
        description=(
            f"images under {root}, {len(train_places)} to train on and {len(judged_places)} to "
            f"{purpose} on, {len(train.classes)} classes, cropped to {image_size}x{image_size} "
            f"pixels{held_out}"
        ),
        train=Subset(train, train_places),
        test=Subset(judged, judged_places),
        train_size=len(train_places),
        test_size=len(judged_places),
        files=f"{root.resolve()} {_digest(root, [*train.samples, *judged.samples])}",
    )


def _digest(root: Path, samples: list[tuple[str, int]]) -> str:
    """Of the images' names, sizes and times of change; their contents would take long to read."""
    digest = hashlib.sha256()
    for path, _ in samples:
        found = Path(path).stat()
        name = Path(path).relative_to(root)
        digest.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _folder(name: str, root: Path, part: str, transform: v2.Compose) -> datasets.ImageFolder:
    if not (root / part).is_dir():
        missing = (
            f"{root} has no directory {part}" if root.is_dir() else f"{root} is not a directory"
        )
        raise _no_image_folder(name, missing)
    try:
        return datasets.ImageFolder(root / part, transform)
    except OSError as error:
        raise _no_image_folder(name, str(error).splitlines()[0]) from None


def _no_image_folder(name: str, problem: str) -> SettingError:
    layout = "expected PATH/train/CLASS/*.jpg and PATH/val/CLASS/*.jpg (or png, bmp, ...)"
    return SettingError("dataset", name, f"{problem}; {layout}")
