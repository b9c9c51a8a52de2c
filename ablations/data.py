"""The data sets by name: where each comes from and what to say when it is not there."""

import hashlib
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision import datasets
from torchvision.transforms import v2

from ablations.digits import digits
from ablations.errors import SettingError
from ablations.images import Batch, FolderImages, ImageData, TensorImages
from ablations.values import IMAGE_FOLDER, TORCHVISION

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


def load_data(name: str, data_dir: Path, image_size: int) -> ImageData:
    """The data set called `name`; image_size: pixels, used for image folders only.

    Raises SettingError, in one line, where it is not there or is not what it should be.
    """
    if name == "digits":
        return digits()
    if name in TORCHVISION:
        return _torchvision(name, data_dir)
    if name.startswith(IMAGE_FOLDER):
        return _image_folder(name, Path(name.removeprefix(IMAGE_FOLDER)), image_size)
    raise SettingError("dataset", name, "unknown data set")


def _torchvision(name: str, data_dir: Path) -> TensorImages:
    source, folder, flips = _SOURCES[name]
    train = _find_or_download(name, source, data_dir, folder, train=True)
    test = _find_or_download(name, source, data_dir, folder, train=False)
    images, labels = _as_tensors(train)
    mean = images.mean((0, 2, 3), keepdim=True)
    std = images.std((0, 2, 3), keepdim=True)
    images = (images - mean) / std
    test_images, test_labels = _as_tensors(test)

    def augmented(generator: torch.Generator) -> Batch:
        return _crop_and_flip(images, flips, generator), labels

    return TensorImages(
        name=name,
        classes=len(train.classes),
        description=(
            f"{name}, {len(labels)} training and {len(test_labels)} test images of 32x32 pixels"
        ),
        train_size=len(labels),
        test=((test_images - mean) / std, test_labels),
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


def _image_folder(name: str, root: Path, image_size: int) -> FolderImages:
    augment = [v2.RandomResizedCrop(image_size), v2.RandomHorizontalFlip()]
    train = _split(name, root, "train", v2.Compose([*augment, *_NORMALISED]))
    test = _split(name, root, "val", centred(image_size))
    for here, there in ((train, test), (test, train)):
        lacking = sorted(set(here.classes) - set(there.classes))
        if lacking:
            missing = f"class {lacking[0]} of {here.root} is missing in {there.root}"
            raise _no_image_folder(name, missing)
    if len(train.classes) < 2:
        raise _no_image_folder(name, f"{train.root} has a single class")
    names = "\n".join(
        str(Path(path).relative_to(root)) for path, _ in (*train.samples, *test.samples)
    )
    return FolderImages(
        name=name,
        classes=len(train.classes),
        image_size=image_size,
        description=(
            f"images under {root}, {len(train)} to train on and {len(test)} to test on, "
            f"{len(train.classes)} classes, cropped to {image_size}x{image_size} pixels"
        ),
        train=train,
        test=test,
        train_size=len(train),
        test_size=len(test),
        files=f"{root.resolve()} {hashlib.sha256(names.encode()).hexdigest()}",
    )


def _split(name: str, root: Path, split: str, transform: v2.Compose) -> datasets.ImageFolder:
    if not (root / split).is_dir():
        missing = (
            f"{root} has no directory {split}" if root.is_dir() else f"{root} is not a directory"
        )
        raise _no_image_folder(name, missing)
    try:
        return datasets.ImageFolder(root / split, transform)
    except OSError as error:
        raise _no_image_folder(name, str(error).splitlines()[0]) from None


def _no_image_folder(name: str, problem: str) -> SettingError:
    layout = "expected PATH/train/CLASS/*.jpg and PATH/val/CLASS/*.jpg (or png, bmp, ...)"
    return SettingError("dataset", name, f"{problem}; {layout}")
