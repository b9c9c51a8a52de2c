"""What a study can vary, and how each level is read. No torch."""

import re
from collections.abc import Callable, Mapping

from ablations.study.values import check_count, check_dataset, check_rate, whole
from ablations.study.variants import Level
from involution_core.architectures import DEPTHS, FAMILIES
from involution_core.forms import ATTENTION, reduction_ratio_of

LARGEST_KERNEL_SIZE = 31
LARGEST_WIDTH = 256
"""Four times the paper's: wider networks would not fit the memory that counting them takes."""
OWN_CODE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
"""module:object, as in an entry point."""


def _kernel_size(text: str) -> int:
    size = whole(text)
    if size is None or size % 2 == 0:
        problem = "kernel sizes are odd and positive"
    elif size > LARGEST_KERNEL_SIZE:
        problem = "the kernel size is too large"
    else:
        return size
    raise ValueError(f"{problem}; allowed: 1, 3, 5, ... {LARGEST_KERNEL_SIZE}")


def _group_channels(text: str) -> int | str:
    channels = whole(text)
    if channels is None and text != "C":
        raise ValueError("allowed: positive integers, and C for one group")
    return "C" if channels is None else channels


def _generator(text: str) -> str:
    if not OWN_CODE.fullmatch(text):
        try:
            reduction_ratio_of(text)
        except ValueError:
            raise ValueError(
                "unknown form; allowed: W, r=N with N a positive integer, attention, module:object"
            ) from None
    return text


def _family(text: str) -> str:
    families = (*FAMILIES, ATTENTION)
    if text not in families and not OWN_CODE.fullmatch(text):
        raise ValueError(f"unknown family; allowed: {', '.join(families)}, module:object")
    return text


def _depth(text: str) -> int:
    depth = whole(text)
    if depth not in DEPTHS:
        raise ValueError(f"allowed: {', '.join(map(str, DEPTHS))}")
    return depth


def _width(text: str) -> int:
    width = whole(text)
    if width is None or width > LARGEST_WIDTH:
        raise ValueError(f"must be an integer of at least 1 and at most {LARGEST_WIDTH}")
    return width


def _dataset(text: str) -> str:
    check_dataset(text)
    return text


def read_count(text: str) -> int:
    """A number of things, at least one."""
    count = whole(text)
    check_count(count or 0)
    assert count is not None
    return count


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    check_rate(rate)
    return rate


NETWORK_AXES: Mapping[str, Callable[[str], Level]] = {
    "kernel_size": _kernel_size,
    "group_channels": _group_channels,
    "generator": _generator,
    "family": _family,
    "depth": _depth,
    "width": _width,
}
TRAINING_AXES: Mapping[str, Callable[[str], Level]] = {
    "dataset": _dataset,
    "epochs": read_count,
    "steps": read_count,
    "batch_size": read_count,
    "lr": _rate,
}
AXES = {**NETWORK_AXES, **TRAINING_AXES}
"""Name -> what reads a level from its text; raises ValueError that says what is allowed."""

PAPER: Mapping[str, Level] = {"kernel_size": 7, "group_channels": 16, "generator": "r=4"}
"""The involution of the paper's RedNets, the baseline where a study names none."""
