"""Text that comes from outside: whether it can be printed, and how it is shown. No torch."""

import unicodedata

_LONGEST_SHOWN = 60


def is_control(character: str) -> bool:
    """Whether it is no part of a line of text: a line's end, a terminal's command, half a pair."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def check_printable(text: str) -> None:
    """Raises ValueError for text that is not one line of UTF-8, as on a command line may be."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("is not a name in UTF-8")
    if any(map(is_control, text)):
        raise ValueError("must be a line of text")


def shown(value: object) -> str:
    """A value in an error: on one line, as a terminal shows it, at no great length."""
    text = text_of(value)
    short = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return "".join(ascii(c)[1:-1] if is_control(c) else c for c in short)


def text_of(value: object) -> str:
    """`str` of a value, also where Python refuses to write a number that long."""
    try:
        return str(value)
    except ValueError:  # an integer of thousands of digits; TOML can write one in hex
        return "a number of thousands of digits"
