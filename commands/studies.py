"""The commands that run studies."""

import sys
from collections.abc import Sequence

import click

from ablations.checks import check_run
from ablations.settings import RunSettings
from ablations.variants import Study
from commands.families import study_commands
from commands.options import no_train_option, open_option
from commands.program import FAILED, INTERRUPTED, PROGRAM, fail
from commands.reporting import show_report


def run_studies(studies: Sequence[Study], settings: RunSettings, *, open_browser: bool) -> None:
    """Runs `studies` and prints the tables, last the report's path."""
    check_run(studies, settings)
    from rich.console import Console

    from ablations.allocator import keep_freed_memory
    from ablations.cost import UncountedOperator
    from ablations.execution import execute
    from ablations.saved import save_run
    from involution_core.native.backend import KERNEL
    from reports.progress import watch
    from reports.terminal import study_lines

    keep_freed_memory()
    if isinstance(KERNEL, str):
        click.echo(f"slower backend shift: native cannot run: {KERNEL}", err=True)
    with watch(Console(stderr=True)) as progress:
        try:
            run = execute(studies, settings, [PROGRAM, *sys.argv[1:]], progress)
        except KeyboardInterrupt:
            kept = f"{progress.ended} of {progress.trials} trials are kept in {settings.output}"
            again = (
                f"{kept}; the same command goes on from there" if progress.trials else "no trial"
            )
            fail(f"interrupted: {again}", INTERRUPTED)
        except UncountedOperator as error:
            fail(f"{error}; it would be counted as zero", FAILED)
    save_run(run)
    for line in study_lines(run):
        click.echo(line)
    if run.failures:
        told = f"{len(run.failures)} of {len(run.records)} trials failed: see the report"
        click.echo(told, err=True)
    if not run.verified:
        click.echo("the counts differ from the closed form: see Verification", err=True)
    show_report(run, settings.output, open_browser)
    if not run.verified or (run.failures and len(run.failures) == len(run.records)):
        sys.exit(FAILED)


STUDY_COMMANDS = study_commands(run_studies, [no_train_option, open_option])
