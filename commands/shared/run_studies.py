"""What the command of a study does: it runs it."""

import sys
from collections.abc import Sequence

import click

from ablations.records.folder import WRITTEN, check_writable
from ablations.study.run_settings import RunSettings
from ablations.study.study import Study
from commands.shared.pages import show_report
from commands.shared.program import FAILED, INTERRUPTED, PROGRAM, fail


def run_studies(
    studies: Sequence[Study], settings: RunSettings, *, open_browser: bool, debug: bool
) -> None:
    """Runs `studies` and prints the tables, last the report's path."""
    check_writable("output", settings.output, WRITTEN)
    from rich.console import Console

    from ablations.costs.fvcore_counter import UncountedOperator
    from ablations.records.run_file import save_run
    from ablations.results.results import results_of
    from ablations.run.execution import execute
    from ablations.training.allocator import keep_freed_memory
    from involution_core.backends.native.native_backend import KERNEL
    from reports.page.report_files import remove_tables
    from reports.screen.live import watch
    from reports.screen.text_tables import study_lines

    keep_freed_memory()
    if isinstance(KERNEL, str):
        click.echo(f"slower backend shift: native cannot run: {KERNEL}", err=True)
    with watch(Console(stderr=True)) as progress:
        try:
            run = execute(studies, settings, [PROGRAM, *sys.argv[1:]], progress, debug)
        except KeyboardInterrupt:
            kept = f"{progress.ended} of {progress.trials} {progress.noun}"
            again = (
                f"{kept} are kept in {settings.output}; the same command goes on from there"
                if progress.trials
                else "no trial"
            )
            fail(f"interrupted: {again}", INTERRUPTED)
        except UncountedOperator as error:
            fail(f"{error}; it would be counted as zero", FAILED)
    remove_tables(settings.output)
    save_run(run)
    results = results_of(run)
    for line in study_lines(results):
        click.echo(line)
    for failed, of, noun in (
        (len(run.tuning_failures), len(run.tuning), "tuning trials"),
        (len(run.failures), len(run.records), "trials"),
    ):
        if failed:
            click.echo(f"{failed} of {of} {noun} failed: see the report", err=True)
    if not run.verified:
        click.echo("the counts differ from the closed form: see Verification", err=True)
    show_report(results, settings.output, open_browser)
    if not run.verified or run.fruitless:
        sys.exit(FAILED)
