"""The program's name, and how it ends."""

from typing import NoReturn

import click

PROGRAM = "involution-ablate"
FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def fail(message: str, code: int) -> NoReturn:
    """Ends the program with one line on stderr."""
    click.echo(f"{PROGRAM}: {' '.join(message.split())}", err=True)
    raise SystemExit(code)
