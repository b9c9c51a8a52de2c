"""Image files, decoded to RGB."""

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
"""Accepted formats; Pillow's other readers are not used."""


class UnreadableImage(Exception):
    """A file is not a complete image; says its path and the reason."""


def read_picture(path: str, digest: str) -> Image.Image:
    """Return the image in a file, RGB; see `decode`.

    Args:
        path: Path of the file.
        digest: SHA-256 of its content when it was checked.

    Raises:
        UnreadableImage: The file is missing, changed or unreadable.
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
    """Return a file's content and its state before reading; OSError if it is not a regular file."""
    state = os.stat(path)
    if not stat.S_ISREG(state.st_mode):  # a pipe would be waited for
        raise OSError("it is no regular file")
    return Path(path).read_bytes(), state


def decode(content: bytes) -> Image.Image:
    """Decode an image in one of FORMATS to RGB, 8 bits per channel. Call it within `as_errors`.

    The EXIF orientation is applied. 16-bit pixels keep their upper eight bits, an animation its
    first frame, transparent pixels their stored colour.

    Raises:
        ValueError: The file is empty, or its pixels have 32 bits and no defined white.
        Exception: Any error of Pillow.
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
    """Make Pillow raise an error for too many pixels, and silence its other warnings.

    Warning filters belong to the process: enter it in one thread only.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def why_unreadable(error: BaseException) -> str:
    """Return the reason in a few words, on one line."""
    if isinstance(error, UnidentifiedImageError):
        return f"it is none of {', '.join(FORMATS)}"
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(inert(told).split()) or type(error).__name__
