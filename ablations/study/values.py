"""The values that settings can have; every check raises a ValueError that says what is allowed.
No torch."""

import re
import unicodedata
from collections.abc import Sequence

from involution_core.architectures import ARCHITECTURES

TORCHVISION = ("cifar10", "cifar100", "fashion-mnist")
IMAGE_FOLDER = "imagefolder:"
DATASETS = ("digits", *TORCHVISION, f"{IMAGE_FOLDER}PATH")
DEVICES = ("auto", "cpu", "cuda")
SPLITS = ("test", "validation")
MODELS = tuple(a.name for a in ARCHITECTURES.values() if a.family == "rednet")
ZOO_MODELS = tuple(name for name in MODELS if ARCHITECTURES[name].stem == "imagenet")

LARGEST_COUNT = 10**9


def whole(text: str) -> int | None:
    """The positive integer that `text` writes, None where it writes none."""
    return int(text) if re.fullmatch(r"0{0,9}[1-9][0-9]{0,9}", text) else None


def check_among(value: object, allowed: Sequence[str]) -> None:
    """A value that is one of some words."""
    if value not in allowed:
        raise ValueError(f"allowed: {', '.join(allowed)}")


def check_printable(text: str) -> None:
    """Text that can be written down; on a command line there may be other bytes."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("is not a name in UTF-8")
    if any(map(is_control, text)):
        raise ValueError("must be a line of text")


def is_control(character: str) -> bool:
    """Whether it is no part of a line of text: a line's end, a terminal's command, half a pair."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def check_dataset(name: str, allowed: Sequence[str] = DATASETS) -> None:
    """The name of a data set; the last of `allowed` stands for any folder of images."""
    check_printable(name)
    folder = name.startswith(IMAGE_FOLDER) and name not in (IMAGE_FOLDER, allowed[-1])
    if not folder and name not in allowed[:-1]:
        raise ValueError(f"allowed: {', '.join(allowed)}")


def check_count(count: int) -> None:
    """A number of things, at least one."""
    if not 1 <= count <= LARGEST_COUNT:
        raise ValueError(f"must be at least 1 and at most {LARGEST_COUNT}")


def check_rate(rate: float) -> None:
    """A learning rate."""
    if not 0 < rate < float("inf"):
        raise ValueError("must be a positive number")
