"""What the command of a study does: it runs it."""

import sys
from collections.abc import Sequence

import click

from ablations.records.folder import WRITTEN, check_writable
from ablations.study.run_settings import RunSettings
from ablations.study.study import Study
from commands.shared.counting import tell_missing_counter
from commands.shared.pages import show_report
from commands.shared.program import FAILED, INTERRUPTED, PROGRAM, fail
from commands.shared.screens import progress_console


def run_studies(
    studies: Sequence[Study], settings: RunSettings, *, open_browser: bool, debug: bool
) -> None:
    """Runs `studies` and prints the tables, last the report's path."""
    check_writable("output", settings.output, WRITTEN)
    from ablations.costs.network_cost import UncountedOperator
    from ablations.records.claims import Claims
    from ablations.records.run_file import save_run, set_aside_damaged
    from ablations.results.results import results_of
    from ablations.run.execution import execute
    from ablations.training.allocator import keep_freed_memory
    from involution_core.backends.native.native_backend import KERNEL
    from reports.page.report_files import remove_tables
    from reports.screen.live import watch
    from reports.screen.text_tables import study_lines
    from reports.words.origin_words import elsewhere_words

    tell_missing_counter()
    keep_freed_memory()
    set_aside_damaged(settings.output, _tell)
    if isinstance(KERNEL, str):
        click.echo(f"slower backend shift: native cannot run: {KERNEL}", err=True)
    with watch(progress_console()) as progress:
        try:
            run = execute(studies, settings, [PROGRAM, *sys.argv[1:]], progress, debug)
        except KeyboardInterrupt:
            kept = f"{progress.ended} of {progress.trials} trials are kept in {settings.output}"
            again = (
                f"{kept}; the same command goes on from there" if progress.trials else "no trial"
            )
            fail(f"interrupted: {again}", INTERRUPTED)
        except UncountedOperator as error:
            fail(str(error), FAILED)
    claims = Claims(settings.output, _tell)
    with claims, claims.hold("report", "writes the report"):
        remove_tables(settings.output)
        save_run(run)
        results = results_of(run)
        for line in study_lines(results):
            click.echo(line)
        for line in elsewhere_words(results.origins, run.environment):
            _tell(line)
        if run.failures:
            _tell(f"{len(run.failures)} of {len(run.records)} trials failed: see the report")
        if not run.verified:
            _tell("the counts differ from the closed form: see Verification")
        show_report(results, settings.output, open_browser)
    if not run.verified or (run.failures and len(run.failures) == len(run.records)):
        sys.exit(FAILED)


def _tell(line: str) -> None:
    click.echo(line, err=True)
