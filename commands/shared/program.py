"""The program's name, and how it ends."""

from typing import NoReturn

import click

PROGRAM = "involution-ablate"
FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def tell(message: str) -> None:
    """One line on stderr, in the program's name."""
    click.echo(f"{PROGRAM}: {' '.join(message.split())}", err=True)


def fail(message: str, code: int) -> NoReturn:
    """Ends the program with one line on stderr."""
    tell(message)
    raise SystemExit(code)
