"""`evaluate`."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from ablations.run.checkpoint_settings import CheckpointSettings
from ablations.settings.setting import settings_of
from commands.shared.options import setting_option, with_options


@click.command()
@with_options([setting_option(found) for found in settings_of(CheckpointSettings).values()])
def evaluate(weights: Path, **options: Any) -> None:
    """Top-1 and Top-5 of a checkpoint of the authors, beside the published figures."""
    settings = CheckpointSettings(weights=weights.expanduser(), **options)
    from rich.console import Console

    from ablations.run.checkpoint_test import evaluate_checkpoint
    from ablations.training.allocator import keep_freed_memory
    from reports.screen.evaluation_lines import evaluation_lines, watch_images

    keep_freed_memory()
    with watch_images(Console(stderr=True)) as tell:
        evaluation = evaluate_checkpoint(
            settings, partial(tell, "images"), partial(tell, "images looked at")
        )
    for line in evaluation_lines(settings, evaluation):
        click.echo(line)
