"""What the command of a study does: it runs it."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import click

from ablations.records.folder import WRITTEN, check_writable
from ablations.run.stopping import Stop
from ablations.study.run_settings import RunSettings
from ablations.study.study import Study
from commands.shared.pages import show_report
from commands.shared.program import FAILED, PROGRAM, after_signal, fail

if TYPE_CHECKING:
    from ablations.records.run_record import Run
    from reports.screen.live import Clock


def run_studies(
    studies: Sequence[Study], settings: RunSettings, *, open_browser: bool, debug: bool
) -> None:
    """Runs `studies` and prints the tables, last the report's path.

    A signal stops it; what has ended by then is reported.
    """
    check_writable("output", settings.output, WRITTEN)
    from rich.console import Console

    from ablations.training.allocator import keep_freed_memory
    from involution_core.backends.native.native_backend import KERNEL
    from reports.screen.live import watch

    keep_freed_memory()
    if isinstance(KERNEL, str):
        click.echo(f"slower backend shift: native cannot run: {KERNEL}", err=True)
    stop = Stop()
    with stop.on_signals():
        with watch(Console(stderr=True)) as progress:
            try:
                run = _execute(studies, settings, progress, stop, debug)
            except KeyboardInterrupt:
                _stopped(settings, stop, progress)
        try:
            _show(run, open_browser)
        except KeyboardInterrupt:
            _stopped(settings, stop, progress)
        if stop.asked:
            _stopped(settings, stop, progress)
    if not run.verified or run.failures:
        sys.exit(FAILED)


def _execute(
    studies: Sequence[Study], settings: RunSettings, progress: "Clock", stop: Stop, debug: bool
) -> "Run":
    from ablations.costs.fvcore_counter import UncountedOperator
    from ablations.records.run_file import save_run
    from ablations.run.execution import execute
    from reports.page.report_files import remove_tables

    told = False

    def keep(run: "Run") -> None:
        """Has `report` find the run while it goes on, in place of an earlier one; where that cannot
        be written, the end of the run will say so."""
        nonlocal told
        with suppress(OSError):
            if not told:
                remove_tables(settings.output)
            save_run(run)
            told = True

    argv = [PROGRAM, *sys.argv[1:]]
    try:
        run = execute(studies, settings, argv, progress, debug, stop, keep)
    except UncountedOperator as error:
        fail(f"{error}; it would be counted as zero", FAILED)
    remove_tables(settings.output)
    save_run(run)
    return run


def _show(run: "Run", open_browser: bool) -> None:
    """The tables of a run, what is wrong with it, and the path of its report; of a partial one
    only if a trial has ended."""
    from ablations.results.results import results_of
    from reports.screen.ending_lines import failure_lines
    from reports.screen.text_tables import study_lines

    if run.partial and not run.records:
        return
    results = results_of(run)
    for line in study_lines(results):
        click.echo(line)
    for line in failure_lines(run):
        click.echo(line, err=True)
    if not run.verified:
        click.echo("the counts differ from the closed form: see Verification", err=True)
    show_report(results, run.settings.output, open_browser)


def _stopped(settings: RunSettings, stop: Stop, progress: "Clock") -> NoReturn:
    """Ends the program as whoever stopped it expects."""
    from reports.screen.ending_lines import kept_words

    kept = kept_words(progress, settings.output)
    if stop.signal is None:
        fail(f"stopped, too many trials failed: {kept}", FAILED)
    fail(f"interrupted: {kept}", after_signal(stop.signal))
