"""`status`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ablations.errors import SettingError
from ablations.records.run_file import RUN_FILE
from ablations.settings.readers import expanded
from ablations.study.study import distinct_variants
from ablations.study.variants import Variant

if TYPE_CHECKING:
    from ablations.records.run_record import Run


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
def status(directory: Path) -> None:
    """Show the progress of the run in DIR, finished or running. Changes nothing."""
    directory = expanded(directory)
    if not directory.is_dir():
        raise SettingError("DIR", directory, "is not a directory")
    from ablations.records.run_file import load_run
    from ablations.records.trial_states import folder_state
    from reports.screen.status_lines import status_lines

    run: Run | None = None
    variants: list[Variant] = []
    if (directory / RUN_FILE).exists():
        try:
            run = load_run(directory, "DIR")
            variants = _trained(run)
        except SettingError as error:
            click.echo(str(error), err=True)
    for line in status_lines(folder_state(directory, run, variants)):
        click.echo(line)


def _trained(run: "Run") -> list[Variant]:
    """Return the variants that a run trains, with tuned settings; none while it tunes."""
    if run.choosing:
        return []
    if not run.tuning:
        return distinct_variants(run.studies)
    from ablations.results.tuning_result import trained_variants

    return trained_variants(run.studies, run.tuning)
