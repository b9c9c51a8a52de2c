"""`evaluate`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from ablations.run.evaluation_settings import EvaluationSettings
from ablations.settings.readers import expanded
from ablations.settings.setting import settings_of
from involution_ablate.commands.shared.options import setting_option, trust_option, with_options
from involution_ablate.commands.shared.screens import progress_console


@click.command()
@with_options([setting_option(found) for found in settings_of(EvaluationSettings).values()])
@trust_option
def evaluate(weights: Path, trust_code: bool, **options: Any) -> None:
    """Evaluate a checkpoint: Top-1 and Top-5.

    FILE is a checkpoint of the authors, shown beside its published accuracy, or weights of
    --save-weights.
    """
    settings = EvaluationSettings(weights=expanded(weights), **options)
    from ablations.run.evaluation import evaluate_checkpoint
    from ablations.training.process import keep_freed_memory
    from reports.screen.evaluation_lines import evaluation_lines, watch_images

    keep_freed_memory()
    with _told_of_weights(), watch_images(progress_console()) as tell:
        evaluation = evaluate_checkpoint(
            settings, partial(tell, "images"), partial(tell, "images looked at"), trust_code
        )
    for line in evaluation_lines(settings, evaluation):
        click.echo(line)


@contextmanager
def _told_of_weights() -> Iterator[None]:
    """Print which entries of the checkpoint were loaded and which were ignored."""
    log, handler = logging.getLogger("involution_core.checkpoints"), _Echo()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


class _Echo(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        click.echo(record.getMessage(), err=True)
