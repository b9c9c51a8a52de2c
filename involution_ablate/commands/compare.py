"""`compare`."""

from pathlib import Path

import click

from ablations.errors import SettingError
from ablations.records.folder import WRITTEN, check_writable
from ablations.settings.readers import expanded
from involution_ablate.commands.shared.options import open_option
from involution_ablate.commands.shared.pages import show_page

COMPARISON = Path("comparison.html")


@click.command()
@click.argument("first", type=click.Path(path_type=Path), metavar="A")
@click.argument("second", type=click.Path(path_type=Path), metavar="B")
@click.option(
    "--output",
    default=COMPARISON,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Output page. Example: --output a-against-b.html",
)
@open_option
def compare(first: Path, second: Path, output: Path, open_browser: bool) -> None:
    """Compare runs A and B on one page.

    A and B are reports or output folders. Accuracies are compared seed by seed; settings that
    differ are listed.
    """
    output = expanded(output)
    if not output.absolute().parent.is_dir():
        raise SettingError("output", output, f"{output.parent} is not a directory")
    for run in (expanded(first), expanded(second)):
        if output.resolve() in (run.resolve(), *((run / name).resolve() for name in WRITTEN)):
            raise SettingError("output", output, "belongs to a compared run; name another file")
    check_writable("output", output.parent, {output.name: False})
    from ablations.records.files import write_text
    from ablations.records.run_file import load_run
    from ablations.results.results import results_of
    from reports.page.html_pages import render_comparison
    from reports.page.run_comparison import compare_runs

    results = [
        results_of(load_run(expanded(path), name)) for path, name in ((first, "A"), (second, "B"))
    ]
    write_text(output, render_comparison(compare_runs(*results), (str(first), str(second))))
    show_page(output, open_browser)
