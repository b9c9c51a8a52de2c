"""An image's file as the picture that a network is shown."""

import hashlib
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ablations.texts import inert

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What a file of one of these endings may hold; Pillow's other readers are not asked."""


class UnreadableImage(Exception):
    """A file that is no image, or not all of one; its path and why."""


def read_picture(path: str, digest: str) -> Image.Image:
    """The picture of a file, RGB, as `decode` makes it.

    Args:
        path: Of the file.
        digest: SHA-256 of what was in it when it was looked at.

    Raises:
        UnreadableImage: Where it is gone, holds something else, or cannot be read.
    """
    try:
        content, _ = read_file(path)
        if hashlib.sha256(content).hexdigest() != digest:
            raise ValueError("it was changed after it had been looked at")
        with as_errors():
            return decode(content)
    except Exception as error:  # a broken image fails in Pillow's readers in any way
        told = f"{inert(path)} cannot be read as an image ({why_unreadable(error)})"
        raise UnreadableImage(told) from None


def read_file(path: str) -> tuple[bytes, os.stat_result]:
    """What a file holds, and its state before it was read. OSError where it is no regular file."""
    state = os.stat(path)
    if not stat.S_ISREG(state.st_mode):  # a pipe would be waited for
        raise OSError("it is no regular file")
    return Path(path).read_bytes(), state


def decode(content: bytes) -> Image.Image:
    """The picture that a file of FORMATS holds, RGB, 8 bits a channel, to be called `as_errors`.

    It is turned as its EXIF says. Of 16 bits the upper eight are taken, of an animation the first
    frame, of what is transparent the colour that is stored. Raises whatever Pillow raises, and
    ValueError for pixels that have no white.
    """
    if not content:
        raise ValueError("it is empty")
    with Image.open(BytesIO(content), formats=FORMATS) as image:
        sixteen_bits = image.mode.startswith("I;16") or (image.mode, image.format) == ("I", "PPM")
        upright = ImageOps.exif_transpose(image)
    if sixteen_bits:
        upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
    elif upright.mode in ("I", "F"):
        raise ValueError("its pixels have 32 bits, and nothing says which value is white")
    return upright.convert("RGB")


@contextmanager
def as_errors() -> Iterator[None]:
    """Within it Pillow raises an error for more pixels than it takes to be harmless and does not
    warn of anything. It acts on the whole process, and not for two threads that enter it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def why_unreadable(error: BaseException) -> str:
    """In a few words, on one line."""
    if isinstance(error, UnidentifiedImageError):
        return f"it is none of {', '.join(FORMATS)}"
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(inert(told).split()) or type(error).__name__
