"""`report`."""

from pathlib import Path

import click

from ablations.errors import SettingError
from ablations.records.folder import WRITTEN, check_writable
from ablations.settings.readers import expanded
from involution_ablate.commands.shared.options import open_option
from involution_ablate.commands.shared.pages import show_report


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@open_option
def report(directory: Path, open_browser: bool) -> None:
    """Render the report and tables of the run in DIR again, without training."""
    directory = expanded(directory)
    if not directory.is_dir():
        raise SettingError("DIR", directory, "is not a directory")
    check_writable("DIR", directory, WRITTEN)
    from ablations.records.claims import Claims
    from ablations.records.run_file import load_run
    from ablations.results.results import results_of

    claims = Claims(directory, lambda line: click.echo(line, err=True))
    with claims, claims.hold("report", "writes the report"):
        show_report(results_of(load_run(directory, "DIR")), directory, open_browser)
