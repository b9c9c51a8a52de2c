"""The options of the commands that run studies."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from ablations.study.builder import StudyFile
from ablations.study.settings import TrainSettings
from ablations.study.values import DATASETS, DEVICES, MODELS

DEFAULTS = TrainSettings()

Option = Callable[[Callable], Callable]
"""Adds one option to a command."""

open_option = click.option(
    "--open", "open_browser", is_flag=True, help="Open the page in the browser. Example: --open"
)

no_train_option = click.option(
    "--no-train", is_flag=True, help="Costs and their proof only. Example: --no-train"
)


def with_options(options: Sequence[Option]) -> Option:
    """Adds options to a command, in their order."""

    def add(command: Callable) -> Callable:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def place_options() -> list[Option]:
    """Options of what belongs to the machine and not to a study."""
    return [
        click.option(
            "--output",
            type=click.Path(path_type=Path),
            metavar="DIR",
            show_default="runs/<study>",
            help="Folder for report.html, tables/ and trials/. Example: --output runs/mine",
        ),
        click.option(
            "--data-dir",
            default=DEFAULTS.data_dir,
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Where downloaded data sets lie or go. Example: --data-dir ~/data",
        ),
        click.option(
            "--device",
            default=DEFAULTS.device,
            metavar="NAME",
            help=f"{', '.join(DEVICES)}. Example: --device cuda",
        ),
    ]


def study_options(file: StudyFile) -> list[Option]:
    """Options of what is the same for all variants of a study, with the file's settings for
    defaults: networks, data and budget."""
    settings = file.settings
    return [
        click.option(
            "--dataset",
            default=settings["dataset"],
            metavar="NAME",
            help=f"{', '.join(DATASETS)}. Example: --dataset imagefolder:/data/imagenette",
        ),
        click.option(
            "--split",
            default=settings["split"],
            metavar="NAME",
            help="What accuracy is measured on: test, or, to choose by it, validation, which is "
            "held out of the training split. Example: --split validation",
        ),
        click.option(
            "--seeds",
            default=settings["seeds"],
            metavar="N",
            help="Trials of each variant. Example: --seeds 6",
        ),
        click.option(
            "--epochs",
            type=int,
            metavar="N",
            show_default=str(settings["epochs"]),
            help="Budget of a trial, in passes over the data. Example: --epochs 20",
        ),
        click.option(
            "--steps",
            type=int,
            metavar="N",
            help="Budget of a trial in batches, instead of --epochs. Example: --steps 500",
        ),
        click.option(
            "--batch-size",
            default=settings["batch_size"],
            metavar="N",
            help="Images in a batch. Example: --batch-size 128",
        ),
        click.option(
            "--lr",
            default=settings["lr"],
            metavar="RATE",
            help="Peak learning rate. Example: --lr 0.05",
        ),
        click.option(
            "--train-model",
            default=settings["model"],
            metavar="NAME",
            help=f"Network to train: {', '.join(MODELS)}. Example: --train-model rednet26",
        ),
        click.option(
            "--cost-model",
            default=settings["cost_model"],
            metavar="NAME",
            help="Network whose costs are counted, at its own image size and class number "
            "(the paper's: rednet50, 224x224, 1000). Example: --cost-model rednet26",
        ),
    ]
