"""`merge`."""

import shlex
import sys
from pathlib import Path

import click

from ablations.errors import SettingError
from ablations.records.folder import WRITTEN, check_writable
from ablations.settings.readers import expanded
from ablations.texts import inert
from involution_ablate.commands.shared.program import PROGRAM


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="A B...")
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="C",
    help="New output folder. Example: --output runs/merged",
)
def merge(folders: tuple[Path, ...], output: Path) -> None:
    """Merge output folders A, B, ... of one study, from several machines, into a new folder C.

    A trial that several folders have is taken from the first with a result. A, B, ... stay
    unchanged.
    """
    if len(folders) < 2:
        raise SettingError("DIR", " ".join(map(str, folders)), "name at least two folders")
    folders, output = tuple(map(expanded, folders)), expanded(output)
    for folder in folders:
        if not folder.is_dir():
            raise SettingError("DIR", folder, "is not a directory")
        if sum(folder.resolve() == other.resolve() for other in folders) > 1:
            raise SettingError("DIR", folder, "is named twice")
    _check_new(output)
    from ablations.run.merging import merge_folders
    from reports.screen.ending_lines import merge_lines

    command = inert(shlex.join([PROGRAM, *sys.argv[1:]]))
    for line in merge_lines(merge_folders(folders, output, command)):
        click.echo(line)


def _check_new(output: Path) -> None:
    """Raise SettingError if the output folder already holds files of a run."""
    check_writable("output", output, WRITTEN)
    for name in WRITTEN:
        if (output / name).exists():
            raise SettingError("output", output, f"holds {name}; name a new folder")
