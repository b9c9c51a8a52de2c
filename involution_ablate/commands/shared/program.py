"""The program's name, exit codes and messages on stderr."""

from collections.abc import Sequence
from signal import SIGINT
from typing import NoReturn

import click

PROGRAM = "involution-ablate"
FAILED, BAD_INPUT = 1, 2


def after_signal(number: int) -> int:
    """Return the exit code after a signal, by the shells' convention."""
    return 128 + number


INTERRUPTED = after_signal(SIGINT)


def tell(message: str) -> None:
    """Print one line on stderr, after the program's name."""
    click.echo(f"{PROGRAM}: {' '.join(message.split())}", err=True)


def tell_below(listed: Sequence[str]) -> None:
    """Print the items that the line above lists, see `SettingError.listed`."""
    for line in listed:
        click.echo(f"  {line}", err=True)


def fail(message: str, code: int, listed: Sequence[str] = ()) -> NoReturn:
    """Exit after one line on stderr and the items it lists."""
    tell(message)
    tell_below(listed)
    raise SystemExit(code)


def warn_missing_counter() -> None:
    """Print one line if fvcore cannot be imported."""
    from ablations.costs.counters import FVCORE_PROBLEM

    if FVCORE_PROBLEM is not None:
        warning = f"fvcore cannot be imported: {FVCORE_PROBLEM}; PyTorch's counter counts alone"
        click.echo(warning, err=True)
