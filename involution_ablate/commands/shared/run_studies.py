"""The run behind every study command: train, report, exit code."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ablations.errors import SettingError
from ablations.records.folder import WRITTEN, check_writable
from ablations.run.events import Event, Listener, RunEnded, RunUpdated
from ablations.run.stopping import Stop
from ablations.study.run_settings import RunSettings
from ablations.study.study import Study
from involution_ablate.commands.shared.pages import show_report
from involution_ablate.commands.shared.program import (
    FAILED,
    PROGRAM,
    after_signal,
    fail,
    warn_missing_counter,
)
from involution_ablate.commands.shared.screens import progress_console

if TYPE_CHECKING:
    from ablations.records.run_record import Run
    from reports.screen.progress_state import RunProgress


def run_studies(
    studies: Sequence[Study], settings: RunSettings, *, open_browser: bool, debug: bool
) -> None:
    """Run studies, print their tables and, last, the path of the report.

    After a signal the trials finished so far are reported.
    """
    check_writable("output", settings.output, WRITTEN)
    from ablations.records.run_file import set_aside_damaged
    from ablations.training.process import keep_freed_memory
    from involution_core.backends.native.native_backend import KERNEL
    from reports.screen.progress import watch
    from reports.trackers.choice import trackers
    from reports.trackers.listeners import Listeners

    others = trackers(settings.trackers, settings.output)
    warn_missing_counter()
    keep_freed_memory()
    set_aside_damaged(settings.output, _tell)
    if isinstance(KERNEL, str):
        _tell(f"slower backend shift: native cannot run: {KERNEL}")
    stop = Stop()
    with stop.on_signals():
        run = None
        with watch(progress_console()) as screen, suppress(KeyboardInterrupt):
            listeners = Listeners([screen, RunFileWriter(settings.output)], others)
            try:
                run = _execute(studies, settings, listeners, stop, debug)
            finally:
                listeners.on(RunEnded())
        if run is None:
            _stopped(settings, stop, screen)
        try:
            _report(run, open_browser)
        except KeyboardInterrupt:
            _stopped(settings, stop, screen)
        if stop.asked:
            _stopped(settings, stop, screen)
    if run.partial:
        told = f"{len(run.records)} of {run.wanted} trials finished"
        _tell(f"shard {settings.shard}: {told}; the study is complete when all shards have run")
    if not run.verified or run.failures or (run.fruitless and not run.partial):
        sys.exit(FAILED)


def _tell(line: str) -> None:
    click.echo(line, err=True)


class RunFileWriter(Listener):
    """Updates run.json, so that `report` and `status` can read a run in progress.

    A failed write is ignored here; the last write at the end of the run raises it.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        self._tables_removed = False

    def on(self, event: Event) -> None:
        from ablations.records.run_file import save_run
        from reports.page.report_files import remove_tables

        if isinstance(event, RunUpdated):
            with suppress(OSError):
                if not self._tables_removed:  # those of an earlier run
                    remove_tables(self.output)
                save_run(event.run)
                self._tables_removed = True


def _execute(
    studies: Sequence[Study], settings: RunSettings, listener: Listener, stop: Stop, debug: bool
) -> "Run":
    from ablations.costs.operators.uncounted import UncountedOperator
    from ablations.run.execution import execute

    try:
        return execute(studies, settings, [PROGRAM, *sys.argv[1:]], listener, debug, stop)
    except UncountedOperator as error:
        fail(str(error), FAILED)


def _report(run: "Run", open_browser: bool) -> None:
    """Save the run and show its report, while holding the folder's claim.

    A partial run without finished trials has no report.
    """
    from ablations.records.claims import Claims
    from ablations.records.run_file import save_run
    from reports.page.report_files import remove_tables

    output = run.settings.output
    with Claims(output, _tell) as claims, claims.hold("report", "writes the report"):
        if run.partial and _is_complete(output, run.studies):
            return
        remove_tables(output)
        save_run(run)
        if run.records or not run.partial:
            _show(run, open_browser)


def _is_complete(output: Path, studies: Sequence[Study]) -> bool:
    """Return whether another shard has already reported all studies."""
    from ablations.records.run_file import RUN_FILE, load_run

    if not (output / RUN_FILE).exists():
        return False
    with suppress(SettingError):
        found = load_run(output, "output")
        return list(found.studies) == list(studies) and not found.partial and bool(found.timings)
    return False


def _show(run: "Run", open_browser: bool) -> None:
    """Print the tables, warnings and failures of a run, and the path of its report."""
    from ablations.costs.proof import differing_from
    from ablations.results.results import results_of
    from reports.screen.ending_lines import failure_lines
    from reports.screen.text_tables import study_lines
    from reports.words.origin_words import elsewhere_words

    results = results_of(run)
    for line in study_lines(results):
        click.echo(line)
    for line in (*elsewhere_words(results.origins, run.environment), *failure_lines(run)):
        _tell(line)
    if not run.verified:
        proofs = [proof for proven in run.proofs.values() for proof in proven]
        _tell(f"the counts differ from {differing_from(proofs)}: see Verification in the report")
    show_report(results, run.settings.output, open_browser)


def _stopped(settings: RunSettings, stop: Stop, screen: "RunProgress") -> NoReturn:
    """Exit with the code of the signal, or of too many failed trials."""
    from reports.screen.ending_lines import kept_words

    kept = kept_words(screen, settings.output)
    if stop.signal is None:
        fail(f"stopped, too many trials failed: {kept}", FAILED)
    fail(f"interrupted: {kept}", after_signal(stop.signal))
