"""The options of the commands that run studies."""

from collections.abc import Callable
from pathlib import Path

import click

from ablations.settings import DEFAULT_EPOCHS, TrainSettings
from ablations.values import DATASETS, DEVICES, MODELS

DEFAULTS = TrainSettings()

Option = Callable[[Callable], Callable]
"""Adds one option to a command."""

open_option = click.option(
    "--open", "open_browser", is_flag=True, help="Open the page in the browser. Example: --open"
)

no_train_option = click.option(
    "--no-train", is_flag=True, help="Costs and their proof only. Example: --no-train"
)


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


def study_options() -> list[Option]:
    """Options of what is the same for all variants of a study: networks, data and budget."""
    return [
        click.option(
            "--dataset",
            default=DEFAULTS.dataset,
            metavar="NAME",
            help=f"{', '.join(DATASETS)}. Example: --dataset imagefolder:/data/imagenette",
        ),
        click.option(
            "--split",
            default=DEFAULTS.split,
            metavar="NAME",
            help="What accuracy is measured on: test, or, to choose by it, validation, which is "
            "held out of the training split. Example: --split validation",
        ),
        click.option(
            "--seeds", default=3, metavar="N", help="Trials of each variant. Example: --seeds 6"
        ),
        click.option(
            "--epochs",
            type=int,
            metavar="N",
            show_default=str(DEFAULT_EPOCHS),
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
            default=DEFAULTS.batch_size,
            metavar="N",
            help="Images in a batch. Example: --batch-size 128",
        ),
        click.option(
            "--lr",
            default=DEFAULTS.lr,
            metavar="RATE",
            help="Peak learning rate. Example: --lr 0.05",
        ),
        click.option(
            "--train-model",
            default=DEFAULTS.model,
            metavar="NAME",
            help=f"Network to train: {', '.join(MODELS)}. Example: --train-model rednet26",
        ),
        click.option(
            "--cost-model",
            default="rednet50",
            metavar="NAME",
            help="Network whose costs are counted, at its own image size and class number "
            "(the paper's: rednet50, 224x224, 1000). Example: --cost-model rednet26",
        ),
    ]
