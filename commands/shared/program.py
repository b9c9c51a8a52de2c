"""The program's name, and how it ends."""

from signal import SIGINT
from typing import NoReturn

import click

PROGRAM = "involution-ablate"
FAILED, BAD_INPUT = 1, 2


def after_signal(number: int) -> int:
    """The exit code of a program that a signal ended, as shells have it."""
    return 128 + number


INTERRUPTED = after_signal(SIGINT)


def fail(message: str, code: int) -> NoReturn:
    """Ends the program with one line on stderr."""
    click.echo(f"{PROGRAM}: {' '.join(message.split())}", err=True)
    raise SystemExit(code)
