"""Writing and opening pages."""

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ablations.texts import inert

if TYPE_CHECKING:
    from ablations.results.results import Results


def show_report(results: "Results", output: Path, open_browser: bool) -> None:
    """Write a report and its tables into `output`, then show the page."""
    from reports.page.report_files import write_report

    show_page(write_report(results, output), open_browser)


def show_page(page: Path, open_browser: bool) -> None:
    """Print the path of a page and, if asked for, open it in the browser."""
    click.echo(inert(str(page)))
    if open_browser and not webbrowser.open(page.resolve().as_uri()):
        click.echo("could not open a browser", err=True)
