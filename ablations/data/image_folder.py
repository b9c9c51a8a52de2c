"""Image folders with one subfolder per class, read from disk on demand."""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.utils.data import Subset
from torchvision.transforms import v2

from ablations.data.class_folders import ClassFolders, list_classes, skipped_words
from ablations.data.holdout import HELD_OUT, hold_out
from ablations.data.image_scan import OnLook, Pictures, Sample, bad_images, look_at
from ablations.data.image_sets import DatasetImages
from ablations.data.picture_files import ENDINGS
from ablations.errors import SettingError, one_line
from ablations.texts import inert

KIND = "imagefolder"
"""Name of every image folder in records: its fingerprint covers the content, not the path."""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

_NORMALISED = (
    v2.ToImage(),
    v2.ToDtype(torch.float32, scale=True),
    v2.Normalize(IMAGENET_MEAN, IMAGENET_STD),
)


def centred(image_size: int) -> v2.Compose:
    """Return the test transform to (3, image_size, image_size).

    The shorter side is resized to 256/224 of `image_size` (bilinear, antialiased), the centre
    cropped, and the result normalised with ImageNet's mean and standard deviation.
    """
    shorter = image_size * 256 // 224
    return v2.Compose([v2.Resize(shorter), v2.CenterCrop(image_size), *_NORMALISED])


def image_folder(
    name: str,
    root: Path,
    image_size: int,
    split: str,
    workers: int = 0,
    skip_bad: bool = False,
    on_look: OnLook = lambda done, of: None,
) -> DatasetImages:
    """Return the images below root/train and root/val, cropped to image_size x image_size pixels.

    Every image without a cached verdict is checked first.

    Args:
        name: Name of the data set, as typed.
        root: The folder.
        image_size: Side of the crop, pixels.
        split: See ImageData. With "validation", root/val is not read.
        workers: See ImageData.
        skip_bad: Whether unusable images are left out instead of raising an error.
        on_look: See `image_scan.OnLook`.

    Raises:
        SettingError: Classes differ between the two folders, are fewer than two or have no images,
            or images are unusable.
    """
    parts = ["train", "val"] if split == "test" else ["train"]
    folders = [_list(name, root, part) for part in parts]
    _check_classes(name, folders)
    samples, faults = look_at(root, folders, on_look)
    if faults and not skip_bad:
        found = sum(len(folder.files) for folder in folders)
        way_out = "mend or remove them, or leave them out with --skip-bad-images"
        raise bad_images(name, faults, found, way_out)
    for folder, kept in zip(folders, samples, strict=True):
        _check_filled(name, folder, kept)
    classes, train_places = folders[0].classes, list(range(len(samples[0])))
    judged_places, purpose, held_out = list(range(len(samples[-1]))), "test", ""
    if split == "validation":
        labels = [sample.label for sample in samples[0]]
        try:
            train_places, judged_places = hold_out(labels, [*map(inert, classes)])
        except ValueError as error:
            raise SettingError("dataset", name, str(error)) from None
        purpose, held_out = "validate", f"; {HELD_OUT}"
    augment = [v2.RandomResizedCrop(image_size), v2.RandomHorizontalFlip(), *_NORMALISED]
    return DatasetImages(
        name=KIND,
        split=split,
        classes=len(classes),
        image_size=image_size,
        description=(
            f"images under {inert(str(root))}, {len(train_places)} to train on and "
            f"{len(judged_places)} to {purpose} on, {len(classes)} classes, cropped to "
            f"{image_size}x{image_size} pixels{held_out}{_left_out(len(faults), folders)}"
        ),
        train=Subset(Pictures(samples[0], v2.Compose(augment)), train_places),
        test=Subset(Pictures(samples[-1], centred(image_size)), judged_places),
        train_size=len(train_places),
        test_size=len(judged_places),
        contents=_digest(root, [sample for kept in samples for sample in kept]),
        workers=workers,
    )


def _digest(root: Path, samples: Sequence[Sample]) -> str:
    """Return a digest of the images' paths below `root` (class and order) and contents."""
    digest = hashlib.sha256()
    for sample in samples:
        name = os.fsencode(os.path.relpath(sample.path, root))
        digest.update(name + b"\0" + bytes.fromhex(sample.digest))
    return digest.hexdigest()


def _list(name: str, root: Path, part: str) -> ClassFolders:
    if not (root / part).is_dir():
        missing = (
            f"{root} has no directory {part}" if root.is_dir() else f"{root} is not a directory"
        )
        raise _no_image_folder(name, missing)
    try:
        return list_classes(root / part, ENDINGS)
    except OSError as error:
        raise _no_image_folder(name, one_line(error)) from None


def _check_classes(name: str, folders: Sequence[ClassFolders]) -> None:
    for here, there in ((folders[0], folders[-1]), (folders[-1], folders[0])):
        for lacking in sorted(set(here.classes) - set(there.classes)):
            like = [other for other in there.classes if other.casefold() == lacking.casefold()]
            but = f", which has {inert(like[0])}" if like else ""
            missing = f"class {inert(lacking)} of {here.root} is missing in {there.root}{but}"
            raise _no_image_folder(name, missing)
    if len(folders[0].classes) < 2:
        held = "a single class" if folders[0].classes else "no folders of classes"
        raise _no_image_folder(name, f"{folders[0].root} has {held}")


def _check_filled(name: str, folder: ClassFolders, samples: Sequence[Sample]) -> None:
    filled = {sample.label for sample in samples}
    for label, found in enumerate(folder.classes):
        if label not in filled:
            skipped = skipped_words(folder.skipped)
            told = f" (passed over in {folder.root}: {skipped})" if skipped else ""
            empty = f"class {inert(found)} of {folder.root} has no images{told}"
            raise _no_image_folder(name, empty)


def _left_out(faults: int, folders: Sequence[ClassFolders]) -> str:
    """Return the part of a description that says which files are not used."""
    skipped: Counter[str] = sum((folder.skipped for folder in folders), Counter())
    bad = f"; left out: {faults} that cannot be used" if faults else ""
    return bad + (f"; passed over: {skipped_words(skipped)}" if skipped else "")


def _no_image_folder(name: str, problem: str) -> SettingError:
    layout = "expected PATH/train/CLASS/*.jpg and PATH/val/CLASS/*.jpg (or png, bmp, ...)"
    return SettingError("dataset", name, f"{problem}; {layout}")
