"""Data sets by name. No torch, until one is loaded.

A built-in data set is an entry of DATA_SETS; a user's is a function, named as module:object.
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
"""Prefix of the path of an image folder."""


@dataclass(frozen=True)
class DataRequest:
    """A request for the images of a data set.

    Attributes:
        name: Name as typed.
        split: Split that Top-1 is measured on, "test" or "validation".
        data_dir: Folder of downloaded data sets.
        image_size: Side of the images, pixels; None: the data set's own.
        network_size: Side used if the data set has no fixed size, such as a folder of photos.
        workers: Processes that read images from disk, besides the one that trains.
        skip_bad_images: Whether unusable images of a folder are left out.
    """

    name: str
    split: str
    data_dir: Path
    image_size: int | None
    network_size: int
    workers: int = 0
    skip_bad_images: bool = False


OnLook = Callable[[int, int], None]
"""Called with the number of images checked so far and the total, before any image is used."""


def _unseen(done: int, of: int) -> None:
    """Ignore the progress of the check."""


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
"""Name -> its loader."""

DATASET_NAMES = (*DATA_SETS, f"{FOLDER}PATH", "module:object")
"""Accepted forms of a data set's name, for messages."""


def read_dataset(text: str) -> str:
    """Return `text` if it names a data set, else raise ValueError."""
    check_printable(text)
    if text in DATA_SETS or is_folder(text) or (is_own_code(text) and text != DATASET_NAMES[-1]):
        return text
    raise ValueError(f"allowed: {', '.join(DATASET_NAMES)}")


def is_folder(name: str) -> bool:
    """Return whether `name` is an image folder."""
    return name.startswith(FOLDER) and name not in (FOLDER, f"{FOLDER}PATH")


def recorded_name(name: str) -> str:
    """Return the data set's name in records, which omit the path of an image folder."""
    return FOLDER.removesuffix(":") if is_folder(name) else name


def folder_of(name: str) -> Path:
    """Return the path of an image folder, with `~` expanded."""
    return expanded(Path(name.removeprefix(FOLDER)))


def is_own_data(name: str) -> bool:
    """Return whether a valid name is a user's data set, module:object."""
    return name not in DATA_SETS and not is_folder(name)


def load_data(request: DataRequest, on_look: OnLook = _unseen) -> "ImageData":
    """Load a data set. With the split "validation" its test images are not used.

    Raises:
        SettingError: The data set is missing or invalid, in one line.
    """
    load = DATA_SETS.get(request.name, _image_folder if is_folder(request.name) else _own)
    data = load(request, on_look)
    if request.image_size is None or data.image_size == request.image_size:
        return data
    from ablations.data.resized_images import ResizedImages

    return ResizedImages(data, request.image_size)
