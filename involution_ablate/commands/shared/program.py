"""The program's name, and how it ends."""

from collections.abc import Sequence
from signal import SIGINT
from typing import NoReturn

import click

PROGRAM = "involution-ablate"
FAILED, BAD_INPUT = 1, 2


def after_signal(number: int) -> int:
    """The exit code of a program that a signal ended, as shells have it."""
    return 128 + number


INTERRUPTED = after_signal(SIGINT)


def tell(message: str) -> None:
    """One line on stderr, in the program's name."""
    click.echo(f"{PROGRAM}: {' '.join(message.split())}", err=True)


def tell_below(listed: Sequence[str]) -> None:
    """What the line before is about, see SettingError, on lines of its own."""
    for line in listed:
        click.echo(f"  {line}", err=True)


def fail(message: str, code: int, listed: Sequence[str] = ()) -> NoReturn:
    """Ends the program with one line on stderr, below it what it is about."""
    tell(message)
    tell_below(listed)
    raise SystemExit(code)


def warn_missing_counter() -> None:
    """Print one line if fvcore cannot be imported."""
    from ablations.costs.counters import FVCORE_PROBLEM

    if FVCORE_PROBLEM is not None:
        told = f"fvcore cannot be imported: {FVCORE_PROBLEM}; PyTorch's counter alone counts"
        click.echo(told, err=True)
