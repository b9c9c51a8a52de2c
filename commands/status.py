"""`status`."""

from pathlib import Path

import click

from ablations.errors import SettingError
from ablations.records.run_file import RUN_FILE


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
def status(directory: Path) -> None:
    """How far the trials of the run in DIR are, also while it goes on. Changes nothing."""
    directory = directory.expanduser()
    if not directory.is_dir():
        raise SettingError("DIR", directory, "is not a directory")
    from ablations.records.run_file import load_run
    from ablations.records.trial_states import folder_state
    from reports.screen.status_lines import status_lines

    run = None
    if (directory / RUN_FILE).exists():
        try:
            run = load_run(directory, "DIR")
        except SettingError as error:
            click.echo(str(error), err=True)
    for line in status_lines(folder_state(directory, run)):
        click.echo(line)
