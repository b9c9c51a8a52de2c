"""The command that evaluates a checkpoint of the authors."""

from pathlib import Path
from typing import Any

import click

from ablations.study.settings import EvaluationSettings, TrainSettings
from ablations.study.values import DEVICES


@click.command()
@click.option(
    "--model",
    default="rednet50",
    metavar="NAME",
    help="Network of the checkpoint: rednet26, 38, 50, 101, 152. Example: --model rednet26",
)
@click.option(
    "--weights",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Checkpoint of the authors' repository. Example: --weights rednet50.pth",
)
@click.option(
    "--dataset",
    required=True,
    metavar="NAME",
    help="imagefolder:PATH, with PATH/val/CLASS/*.jpg or PATH/CLASS/*.jpg. "
    "Example: --dataset imagefolder:/data/imagenet",
)
@click.option(
    "--batch-size", default=64, metavar="N", help="Images in a batch. Example: --batch-size 256"
)
@click.option(
    "--device",
    default=TrainSettings.device,
    metavar="NAME",
    help=f"{', '.join(DEVICES)}. Example: --device cuda",
)
def evaluate(weights: Path, **options: Any) -> None:
    """Top-1 and Top-5 of a checkpoint of the authors, beside the published figures."""
    settings = EvaluationSettings(weights=weights.expanduser(), **options)
    from rich.console import Console

    from ablations.run.checkpoint_test import evaluate_checkpoint
    from ablations.training.allocator import keep_freed_memory
    from reports.screen.evaluation_lines import evaluation_lines, watch_images

    keep_freed_memory()
    with watch_images(Console(stderr=True)) as on_progress:
        evaluation = evaluate_checkpoint(settings, on_progress)
    for line in evaluation_lines(settings, evaluation):
        click.echo(line)
