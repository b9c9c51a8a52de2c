"""Integers as a caller writes them: Python's, numpy's or torch's, and how large they may be.

True and False are none. No torch.
"""

from collections.abc import Sequence
from operator import index

_SO_MANY = {1: "one integer", 2: "one or two integers", 3: "one or three integers"}


def integer(value: object) -> int | None:
    """Return the integer that a value stands for.

    Args:
        value: Anything.

    Returns:
        The integer, None where it stands for none.
    """
    if isinstance(value, bool):
        return None
    try:
        return index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def as_integers(value: int | Sequence[int], count: int) -> tuple[int, ...]:
    """Return one integer, or `count` of them, as `count` integers.

    Args:
        value: One integer for all, or one for each.
        count: How many are wanted.

    Returns:
        `count` integers; none if `value` is something else.
    """
    written = value if isinstance(value, Sequence) else (value,) * count
    values = tuple(found for each in written if (found := integer(each)) is not None)
    return values if len(values) == len(written) == count else ()


def integers(name: str, value: int | Sequence[int], count: int, least: int) -> tuple[int, ...]:
    """Return one integer, or `count` of them, as `count` integers of at least `least`.

    Args:
        name: What an error calls the value.
        value: One integer for all, or one for each.
        count: How many are wanted, 1 to 3.
        least: The smallest integer allowed.

    Returns:
        `count` integers.

    Raises:
        ValueError: `value` is something else.
    """
    values = as_integers(value, count)
    if not values or min(values) < least:
        raise ValueError(f"{name} must be {_SO_MANY[count]} of at least {least}, got {value!r}")
    return values


def pair(name: str, value: int | Sequence[int], least: int) -> tuple[int, int]:
    """Return one integer or two as (height, width).

    Args:
        name: What an error calls the value.
        value: One integer or (height, width), in pixels.
        least: The smallest integer allowed.

    Returns:
        (height, width).

    Raises:
        ValueError: `value` is not one or two integers of at least `least`.
    """
    if type(value) is int and value >= least:  # nearly every call
        return value, value
    height, width = integers(name, value, 2, least)
    return height, width


def odd_pair(name: str, value: int | Sequence[int]) -> tuple[int, int]:
    """Return one odd integer or two as (height, width).

    Args:
        name: What an error calls the value.
        value: One integer or (height, width), in pixels.

    Returns:
        (height, width).

    Raises:
        ValueError: `value` is something else.
    """
    values = as_integers(value, 2)
    if not values or min(values) < 1 or any(each % 2 == 0 for each in values):
        raise ValueError(f"{name} must be one or two odd integers of at least 1, got {value!r}")
    return values[0], values[1]


def at_least(least: int, name: str, value: object) -> int:
    """Return an integer that is large enough.

    Args:
        least: The smallest integer allowed.
        name: What an error calls the value.
        value: Anything.

    Returns:
        The integer.

    Raises:
        ValueError: `value` is no such integer.
    """
    found = integer(value)
    if found is None or found < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    return found


def divisor(name: str, value: object, channels: int, or_else: str = "") -> int:
    """Return a divisor of the channels.

    Args:
        name: What an error calls the value.
        value: Anything.
        channels: C.
        or_else: What else the value may be, for an error, such as "be 'C' or ".

    Returns:
        The integer.

    Raises:
        ValueError: `value` is no integer that divides `channels`.
    """
    found = integer(value)
    if found is None or found < 1 or channels % found:
        raise ValueError(f"{name} must {or_else}divide channels={channels}, got {value!r}")
    return found
