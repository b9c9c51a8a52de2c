"""`plan`, with one subcommand per study."""

from collections.abc import Sequence
from pathlib import Path

import click

from ablations.errors import SettingError
from ablations.records.folder import WRITTEN, check_writable
from ablations.settings.readers import expanded
from ablations.study.run_settings import RunSettings
from ablations.study.study import Study
from involution_ablate.commands.shared.screens import progress_console
from involution_ablate.commands.studies import study_commands


def plan_studies(
    studies: Sequence[Study], settings: RunSettings, *, spread: float | None, records: Path | None
) -> None:
    """Print the plan of a run."""
    if spread is not None and not 0 < spread < float("inf"):
        raise SettingError("spread", spread, "must be a positive number of points")
    if spread is not None and records is not None:
        raise SettingError("records", records, "give either --spread or --records")
    if settings.train is None:
        raise click.UsageError("that run trained nothing, so there is nothing to plan")
    check_writable("output", settings.output, WRITTEN)
    earlier = None
    if records is not None:
        from ablations.records.run_file import load_run

        earlier = load_run(expanded(records), "records")
    from ablations.run.planner import make_plan, spread_of
    from ablations.training.process import keep_freed_memory
    from reports.screen.progress import watch
    from reports.screen.text_tables import plan_lines

    keep_freed_memory()
    if earlier is not None:
        spread = spread_of(earlier)
    with watch(progress_console()) as screen:
        plan = make_plan(studies, settings, spread, screen.on)
    for line in plan_lines(plan):
        click.echo(line)


@click.group(invoke_without_command=True)
@click.pass_context
def plan(context: click.Context) -> None:
    """Estimate the time and statistical power of a run, without training or writing."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


_OPTIONS = [
    click.option(
        "--spread",
        type=float,
        metavar="POINTS",
        help="Standard deviation over seeds of the difference to the baseline, in points of "
        "Top-1. Example: --spread 3",
    ),
    click.option(
        "--records",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Report or output folder to estimate the spread from. Example: --records runs/all",
    ),
]

for command in study_commands(plan_studies, _OPTIONS):
    plan.add_command(command)
