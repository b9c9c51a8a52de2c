"""A user's data set: a function, named as module:object.

It is called with `image_size` (pixels) and returns two map-style data sets, for training and for
testing. Each item is an image (3, H, H), float32, and a class from 0.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Subset

from ablations.data.holdout import HELD_OUT, hold_out
from ablations.data.image_sets import DatasetImages
from ablations.data.seeding import drawing_from
from ablations.errors import SettingError, one_line
from ablations.own_code import fingerprint, load_object


def own_images(name: str, image_size: int, split: str, workers: int = 0) -> DatasetImages:
    """Return the data set made by the function `name`, module:object.

    Its random draws are the same in every process.

    Raises:
        SettingError: The function fails, or returns something else.
    """
    try:
        with drawing_from():
            train, test = load_object(name)(image_size=image_size)
        labels, test_labels = _labels(train), _labels(test)
        size = _image_side(train[0][0])
        classes = 1 + max(*labels, *test_labels)
        judged = test
        places, judged_places = list(range(len(labels))), list(range(len(test_labels)))
        if split == "validation":
            places, judged_places = hold_out(labels, list(map(str, range(classes))))
            judged = train
    except (Exception, SystemExit) as error:  # whatever a user's code does
        raise SettingError("dataset", name, one_line(error)) from None
    purpose = "test" if split == "test" else "validate"
    return DatasetImages(
        name=name,
        split=split,
        classes=classes,
        image_size=size,
        description=(
            f"{name}, {len(places)} images to train on and {len(judged_places)} to {purpose} on, "
            f"{classes} classes, {size}x{size} pixels"
            f"{'' if split == 'test' else f'; {HELD_OUT}'}"
        ),
        train=Subset(train, places),
        test=Subset(judged, judged_places),
        train_size=len(places),
        test_size=len(judged_places),
        contents=fingerprint(name),
        workers=workers,
    )


def _labels(images: Any) -> list[int]:
    """Return the class of each item, from `targets` as in torchvision or by reading every item."""
    found: Iterable[Any] | None = getattr(images, "targets", None)
    if found is None:
        found = (images[place][1] for place in range(len(images)))
    labels = [int(label) for label in found]
    if not labels:
        raise ValueError("a data set without images")
    if min(labels) < 0:
        raise ValueError(f"a class {min(labels)}; classes count from 0")
    return labels


def _image_side(image: Any) -> int:
    if not isinstance(image, Tensor):
        raise TypeError(f"an image is a {type(image).__name__} and no torch.Tensor")
    if image.ndim != 3 or image.shape[0] != 3 or image.shape[1] != image.shape[2]:
        raise ValueError(f"an image of shape {tuple(image.shape)}; it has to be (3, H, H)")
    if image.dtype != torch.float32:
        raise TypeError(f"an image of {image.dtype}; it has to be torch.float32")
    return image.shape[1]
