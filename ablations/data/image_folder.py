"""Folders of images, a class a folder, read from disk as they are needed."""

import hashlib
from pathlib import Path

import torch
from torch.utils.data import Subset
from torchvision import datasets
from torchvision.transforms import v2

from ablations.data.holdout import HELD_OUT, hold_out
from ablations.data.images import DatasetImages
from ablations.errors import SettingError

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

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


def image_folder(
    name: str, root: Path, image_size: int, split: str, workers: int = 0
) -> DatasetImages:
    """The images below root/train and root/val, cropped to image_size x image_size pixels.

    name: of the data set, as typed; workers: see DatasetImages.

    Raises:
        SettingError: Where the folders do not hold the same classes, at least two, with images.
    """
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
    return DatasetImages(
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
        workers=workers,
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
