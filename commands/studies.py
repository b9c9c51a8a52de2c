"""The commands that run studies."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ablations.checks import check_run
from ablations.settings import DEFAULT_EPOCHS, RunSettings, TrainSettings
from ablations.variants import STUDIES, Study
from commands.lists import ListCommand
from commands.options import shared_options
from commands.program import FAILED, INTERRUPTED, PROGRAM, fail
from commands.reporting import show_report


def study_command(name: str, metavar: str, help_text: str, title: str) -> click.Command:
    """The command of one study; help_text: of the option that takes its values."""
    kind = STUDIES[name]

    @click.command(name, cls=ListCommand, help=title)
    @click.option(
        f"--{kind.setting}",
        "values",
        multiple=True,
        default=kind.paper_values,
        metavar=metavar,
        help=f"{help_text}. Example: --{kind.setting} {' '.join(kind.paper_values)}",
    )
    @click.option(
        "--baseline",
        metavar=metavar.rstrip("."),
        show_default="the paper's, else the first",
        help="The value that the others are held against. "
        f"Example: --baseline {kind.paper_values[0]}",
    )
    @shared_options
    def command(values: Sequence[str], baseline: str | None, **options: Any) -> None:
        run_studies(name, [kind.study(values, baseline)], **options)

    return command


STUDY_COMMANDS = [
    study_command(
        "kernel-size", "K...", "Kernel sizes, odd", "Table (a): the size of the involution kernel."
    ),
    study_command(
        "group-channels",
        "N...",
        "Channels that share one kernel; C: all of them",
        "Table (b): how many channels share one kernel.",
    ),
    study_command(
        "kernel-generator",
        "FORM...",
        "W (one map), r=N (W1 sigma(W0)) or attention",
        "Table (c): the form of the kernel generator.",
    ),
]


@click.command("all")
@shared_options
def all_studies(**options: Any) -> None:
    """The three tables with the paper's values, in one report.

    Variants that two tables share are trained once.
    """
    run_studies("all", [kind.study(kind.paper_values) for kind in STUDIES.values()], **options)


def run_studies(
    command: str,
    studies: Sequence[Study],
    *,
    output: Path | None,
    cost_model: str,
    seeds: int,
    no_train: bool,
    train_model: str,
    epochs: int | None,
    steps: int | None,
    open_browser: bool,
    **training: Any,
) -> None:
    """Runs `studies` and prints the tables, last the report's path."""
    if epochs is None and steps is None:
        epochs = DEFAULT_EPOCHS
    training["data_dir"] = training["data_dir"].expanduser()
    train = TrainSettings(model=train_model, epochs=epochs, steps=steps, **training)
    settings = RunSettings(
        output=Path("runs") / command if output is None else output.expanduser(),
        cost_model=cost_model,
        seeds=seeds,
        train=None if no_train else train,
    )
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
