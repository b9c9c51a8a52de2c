"""The program's name, and how it ends."""

from collections.abc import Sequence
from typing import NoReturn

import click

PROGRAM = "involution-ablate"
FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def fail(message: str, code: int, listed: Sequence[str] = ()) -> NoReturn:
    """Ends the program with one line on stderr, below it what it is about, see SettingError."""
    click.echo(f"{PROGRAM}: {' '.join(message.split())}", err=True)
    for line in listed:
        click.echo(f"  {line}", err=True)
    raise SystemExit(code)
