"""Readers parse the text of a setting; each raises ValueError saying what is allowed. No torch."""

import re
from collections.abc import Callable, Sequence
from os.path import expanduser
from pathlib import Path

from ablations.texts import check_printable

LARGEST_COUNT = 10**9


def whole(text: str) -> int | None:
    """Parse a positive integer; return None for anything else."""
    return int(text) if re.fullmatch(r"0{0,9}[1-9][0-9]{0,9}", text) else None


def read_count(text: str) -> int:
    """Parse a count of at least 1."""
    count = whole(text)
    if count is None or count > LARGEST_COUNT:
        raise ValueError(f"must be at least 1 and at most {LARGEST_COUNT}")
    return count


def read_count_or_zero(text: str) -> int:
    """Parse a count of at least 0."""
    if re.fullmatch(r"0{1,9}", text):
        return 0
    count = whole(text)
    if count is None or count > LARGEST_COUNT:
        raise ValueError(f"must be at least 0 and at most {LARGEST_COUNT}")
    return count


def read_path(text: str) -> str:
    """Parse the path of a file or folder."""
    check_printable(text)
    return text


def expanded(path: Path) -> Path:
    """Return the path with a leading ~ expanded, unchanged if there is no such user."""
    return Path(expanduser(path))


def read_share_or_count(text: str) -> str:
    """Parse a count of at least 0 or a share below 1: "3", "10%", "0.1"."""
    share = text.removesuffix("%")
    if re.fullmatch(r"[0-9]{1,9}", text) or (
        re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", share)
        and float(share) < (100 if share != text else 1)
    ):
        return text
    raise ValueError("must be a number of trials, such as 3, or a share of them, such as 10%")


def read_share_or_epochs(text: str) -> str:
    """Parse a number of epochs of at least 0 or a share of them: "5", "10%"."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return str(int(text))
    if re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,9})?%", text):
        return text
    raise ValueError("must be a number of epochs, such as 5, or a share below 100%, such as 10%")


def one_of(allowed: Sequence[str]) -> Callable[[str], str]:
    """Return a reader that accepts only these words."""

    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"allowed: {', '.join(allowed)}")
        return text

    return read


def integer_within(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of integers from `least` (at least 1) to `most`."""

    def read(text: str) -> int:
        value = whole(text)
        if value is None or not least <= value <= most:
            raise ValueError(f"must be an integer of at least {least} and at most {most}")
        return value

    return read


def read_switch(text: str) -> bool:
    """Parse a switch, "True" or "False"."""
    if text not in ("True", "False"):
        raise ValueError("must be True or False")
    return text == "True"


def read_positive(text: str) -> float:
    """Parse a finite number above 0."""
    value = _number(text)
    if not 0 < value < float("inf"):
        raise ValueError("must be a positive number")
    return value


def number_within(least: float, below: float) -> Callable[[str], float]:
    """Return a reader of numbers of at least `least` and below `below`."""

    def read(text: str) -> float:
        value = _number(text)
        if not least <= value < below:
            raise ValueError(f"must be a number of at least {least:g} and below {below:g}")
        return value

    return read


read_number = number_within(0, float("inf"))
"""Parses a finite number of at least 0."""


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
