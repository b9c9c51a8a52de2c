"""Pages that a command has written."""

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ablations.texts import inert

if TYPE_CHECKING:
    from ablations.results.results import Results


def show_report(results: "Results", output: Path, open_browser: bool) -> None:
    """Writes the run's report and tables into a folder, prints the page's path, opens it."""
    from reports.page.report_files import write_report

    show_page(write_report(results, output), open_browser)


def show_page(page: Path, open_browser: bool) -> None:
    """Prints the path of a page, and opens it where that is wanted."""
    click.echo(inert(str(page)))
    if open_browser and not webbrowser.open(page.resolve().as_uri()):
        click.echo("no browser could be opened", err=True)
