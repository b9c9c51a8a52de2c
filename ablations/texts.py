"""Text that comes from outside: whether it can be printed, and how it is shown. No torch."""

import unicodedata

_LONGEST_SHOWN = 60

_JOINERS = "\u200c\u200d"
"""Unseen too, but scripts and emoji are written with them; they move nothing else."""


def is_control(character: str) -> bool:
    """Whether it is no part of a line of text: a line's end, a terminal's command, half a pair."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def check_printable(text: str) -> None:
    """Raises ValueError for text that is not one line of UTF-8, as on a command line may be."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("is not a name in UTF-8")
    if any(map(is_control, text)):
        raise ValueError("must be a line of text")


def inert(text: str, kept: str = "") -> str:
    """Return the text with invisible characters that act written as escapes: `\\x1b`, `\\u202e`.

    These are control characters (`is_control`), direction marks and zero-width characters. All
    text for a terminal or a page goes through here.

    Args:
        text: Text of any origin.
        kept: Characters that may act, such as line ends.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(c) if _acts(c) and c not in kept else c for c in text)


def _escaped(character: str) -> str:
    """A byte of a file's name that is no UTF-8, which Python holds as half a pair, is \\xe9."""
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return ascii(character)[1:-1]


def _acts(character: str) -> bool:
    if character in _JOINERS:
        return False
    return is_control(character) or unicodedata.category(character) == "Cf"


def shown(value: object) -> str:
    """A value in an error: on one line, as a terminal shows it, at no great length."""
    text = text_of(value)
    return inert(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def text_of(value: object) -> str:
    """`str` of a value, also where Python refuses to write a number that long."""
    try:
        return str(value)
    except ValueError:  # an integer of thousands of digits; TOML can write one in hex
        return "a number of thousands of digits"
