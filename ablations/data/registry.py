"""The data sets by name. No torch, until one is loaded.

A data set is one entry of DATA_SETS; a user's is a function, named as module:object.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ablations.own_code import is_own_code
from ablations.settings.readers import expanded
from ablations.texts import check_printable

if TYPE_CHECKING:
    from ablations.data.images import ImageData

FOLDER = "imagefolder:"
"""Before the path of a folder of images."""


@dataclass(frozen=True)
class DataRequest:
    """A request for the images of a data set.

    Attributes:
        name: As typed.
        split: "test" or "validation": what Top-1 is measured on, beside the images to train on.
        data_dir: Folder of data sets that are downloaded.
        image_size: Side of the images, pixels; None: the data set's.
        network_size: The same where the data set has none, as a folder of photographs.
        workers: Processes that read images from disk, beside the one that trains.
        skip_bad_images: Whether images of a folder that cannot be used are left out.
    """

    name: str
    split: str
    data_dir: Path
    image_size: int | None
    network_size: int
    workers: int = 0
    skip_bad_images: bool = False


OnLook = Callable[[int, int], None]
"""Told how many images have been looked at, of how many, before any is used."""


def _unseen(done: int, of: int) -> None:
    """Of those who do not watch."""


def _digits(request: DataRequest, on_look: OnLook) -> "ImageData":
    from ablations.data.digits import digits

    return digits(request.split, request.name)


def _torchvision(request: DataRequest, on_look: OnLook) -> "ImageData":
    from ablations.data.torchvision_images import torchvision_images

    return torchvision_images(request.name, request.data_dir, request.split)


def _image_folder(request: DataRequest, on_look: OnLook) -> "ImageData":
    from ablations.data.image_folder import image_folder

    return image_folder(
        request.name,
        folder_of(request.name),
        request.image_size or request.network_size,
        request.split,
        request.workers,
        request.skip_bad_images,
        on_look,
    )


def _own(request: DataRequest, on_look: OnLook) -> "ImageData":
    from ablations.data.own_images import own_images

    size = request.image_size or request.network_size
    return own_images(request.name, size, request.split, request.workers)


Load = Callable[[DataRequest, OnLook], "ImageData"]

DATA_SETS: Mapping[str, Load] = {
    "digits": _digits,
    "digits-clutter": _digits,
    "cifar10": _torchvision,
    "cifar100": _torchvision,
    "fashion-mnist": _torchvision,
}
"""Name -> what loads it."""

DATASET_NAMES = (*DATA_SETS, f"{FOLDER}PATH", "module:object")
"""What a data set can be called."""


def read_dataset(text: str) -> str:
    """The name of a data set; ValueError where it is none."""
    check_printable(text)
    if text in DATA_SETS or is_folder(text) or (is_own_code(text) and text != DATASET_NAMES[-1]):
        return text
    raise ValueError(f"allowed: {', '.join(DATASET_NAMES)}")


def is_folder(name: str) -> bool:
    """Whether it names a folder of images."""
    return name.startswith(FOLDER) and name not in (FOLDER, f"{FOLDER}PATH")


def recorded_name(name: str) -> str:
    """What records call the data set: of a folder of images they do not say where it lies."""
    return FOLDER.removesuffix(":") if is_folder(name) else name


def folder_of(name: str) -> Path:
    """The path of a folder of images, `~` replaced."""
    return expanded(Path(name.removeprefix(FOLDER)))


def is_own_data(name: str) -> bool:
    """Whether the name of a data set, as `read_dataset` takes it, names a user's."""
    return name not in DATA_SETS and not is_folder(name)


def load_data(request: DataRequest, on_look: OnLook = _unseen) -> "ImageData":
    """The data set.

    With the split "validation" nothing of the test split is in what comes back.

    Raises:
        SettingError: In one line, where it is not there or is not what it should be.
    """
    load = DATA_SETS.get(request.name, _image_folder if is_folder(request.name) else _own)
    data = load(request, on_look)
    if request.image_size is None or data.image_size == request.image_size:
        return data
    from ablations.data.resized_images import ResizedImages

    return ResizedImages(data, request.image_size)
