"""How every trial of a run is trained. No torch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ablations.data.registry import DATASET_NAMES, read_dataset
from ablations.errors import SettingError
from ablations.settings.readers import (
    integer_within,
    number_within,
    one_of,
    read_count,
    read_count_or_zero,
    read_path,
    read_positive,
    read_share_or_epochs,
)
from ablations.settings.setting import (
    Setting,
    check_settings,
    machine_switch,
    setting,
    settings_of,
)
from ablations.study.variants import Variant
from involution_core.architectures import ARCHITECTURES, Architecture

DEVICES = ("auto", "cpu", "cuda")
TEST, VALIDATION = "test", "validation"
SPLITS = (TEST, VALIDATION)
PRECISIONS = ("fp32", "bf16", "fp16")
OPTIMIZERS = {"sgd": "SGD", "adamw": "AdamW"}
MOST_THREADS = MOST_PROCESSES = 1024
MODELS = tuple(a.name for a in ARCHITECTURES.values() if a.family == "rednet")


@dataclass(frozen=True)
class TrainSettings:
    """How every trial of a run is trained.

    Attributes:
        model: The network to train, before a study varies it.
        dataset: Name of the data set.
        split: Images that Top-1 is measured on: the test split, or a fixed part of the training
            split that is then not trained on.
        epochs: The budget in passes over the data; exactly one of `epochs` and `steps` is set.
        steps: The budget in steps.
        batch_size: Images of a batch.
        accumulate: Batches of a step, which goes down the mean gradient of their images. BatchNorm
            sees one batch at a time.
        lr: Peak learning rate.
        warmup: How long the rate rises to it: epochs, "5", or a share of the budget, "10%".
        warmup_from: The share of the peak that the rate rises from.
        optimizer: "sgd" with Nesterov momentum, or "adamw".
        momentum: Of SGD; AdamW's first beta.
        weight_decay: Of all parameters; AdamW's is decoupled.
        label_smoothing: Share of the target that is spread over all classes.
        decayed: What weight decay acts on: "all" or "weights".
        zero_gamma: Whether the last BatchNorm of every bottleneck starts at zero: "no" or "yes".
        span_init: How the kernels of involutions start: "he", "small" or "centre".
        averaging: Decay a step of the moving average of the weights that is tested; 0: none.
        precision: What forward and loss compute in: "fp32", or by autocast "bf16" or "fp16", this
            one with a scaled loss. Weights are kept, and networks tested, in fp32.
        compile: Whether what is trained is compiled by torch.compile: "no" or "yes", which rounds
            differently. What is tested is not.
        threads: Of the CPU, in each trial. Sums are rounded as they are shared out, so that another
            number of threads gives other numbers.
        processes: Processes that train a trial together, each on its part of every batch, with the
            gradients of the whole one; with CUDA each has a GPU, and BatchNorm sees the whole
            batch. On the CPU BatchNorm's statistics stay with each process. Numbers differ from
            those of one process as sums are rounded, and where a network draws in training.
        data_dir: Folder of data sets that are downloaded.
        device: "auto", "cpu" or "cuda".
        workers: Processes of each trial that read images from disk; 0: the trial's own reads them.
        skip_bad_images: Whether images of a folder that cannot be used are left out, and not an
            error. The numbers follow from those that are left, which the data set's fingerprint
            tells, so that this is no part of the identity.

    Raises:
        SettingError: For the first value that is not allowed.
    """

    model: str = setting(
        Setting(
            read=one_of(MODELS),
            default="rednet-small",
            help=f"Network to train: {', '.join(MODELS)}",
            example="rednet26",
            option="--train-model",
            metavar="NAME",
            axis=False,
        )
    )
    dataset: str = setting(
        Setting(
            read=read_dataset,
            default="digits",
            help=", ".join(DATASET_NAMES),
            example="imagefolder:/data/imagenette",
            option="--dataset",
            metavar="NAME",
            noun="data set",
        )
    )
    split: str = setting(
        Setting(
            read=one_of(SPLITS),
            default=TEST,
            help="What accuracy is measured on: test, or, to choose by it, validation, which is "
            "held out of the training split",
            example="validation",
            option="--split",
            metavar="NAME",
            axis=False,
        )
    )
    epochs: int | None = setting(
        Setting(
            read=read_count,
            default=5,
            kind=int,
            help="Budget of a trial, in passes over the data",
            example="20",
            option="--epochs",
            phrase="{} epochs",
        )
    )
    steps: int | None = setting(
        Setting(
            read=read_count,
            default=None,
            kind=int,
            help="Budget of a trial in steps, instead of --epochs",
            example="500",
            option="--steps",
            phrase="{} steps",
        )
    )
    batch_size: int = setting(
        Setting(
            read=read_count,
            default=32,
            kind=int,
            help="Images in a batch",
            example="128",
            option="--batch-size",
            phrase="batches of {}",
        )
    )
    accumulate: int = setting(
        Setting(
            read=read_count,
            default=1,
            kind=int,
            help="Batches whose gradients are averaged for a step",
            example="8",
            option="--accumulate",
            noun="batches a step",
            phrase="{} batches a step",
            later=True,
        )
    )
    lr: float = setting(
        Setting(
            read=read_positive,
            default=0.1,
            kind=float,
            help="Peak learning rate",
            example="0.05",
            option="--lr",
            metavar="RATE",
            noun="learning rate",
            phrase="learning rate {}",
        )
    )
    warmup: str = setting(
        Setting(
            read=read_share_or_epochs,
            default="10%",
            help="How long the learning rate rises to its peak, epochs or a share of the budget",
            example="5",
            option="--warmup",
            metavar="N|SHARE",
            noun="warm-up",
            phrase="warm-up over {}",
            label=lambda level: f"{level} epochs" if level.isdecimal() else level,
            later=True,
        )
    )
    warmup_from: float = setting(
        Setting(
            read=number_within(0, 1),
            default=0.0,
            kind=float,
            help="Share of the peak that the learning rate rises from",
            example="0.25",
            option="--warmup-from",
            metavar="SHARE",
            noun="start of the warm-up",
            phrase="warm-up from {}",
            later=True,
        )
    )
    optimizer: str = setting(
        Setting(
            read=one_of(tuple(OPTIMIZERS)),
            default="sgd",
            help="sgd, with Nesterov momentum, or adamw",
            example="adamw",
            option="--optimizer",
            metavar="NAME",
            label=lambda level: OPTIMIZERS.get(level, level),
        )
    )
    momentum: float = setting(
        Setting(
            read=number_within(0, 1),
            default=0.9,
            kind=float,
            help="Momentum of SGD, first beta of AdamW",
            example="0.8",
            option="--momentum",
            metavar="SHARE",
            phrase="momentum {}",
        )
    )
    weight_decay: float = setting(
        Setting(
            read=number_within(0, float("inf")),
            default=1e-4,
            kind=float,
            help="Weight decay of all parameters",
            example="0.0005",
            option="--weight-decay",
            metavar="RATE",
            phrase="weight decay {}",
        )
    )
    label_smoothing: float = setting(
        Setting(
            read=number_within(0, 1),
            default=0.1,
            kind=float,
            help="Share of the target that is spread over all classes",
            example="0",
            option="--label-smoothing",
            metavar="SHARE",
            phrase="label smoothing {}",
        )
    )
    decayed: str = setting(
        Setting(
            read=one_of(("all", "weights")),
            default="all",
            help="What weight decay acts on: all parameters, or weights without those of "
            "BatchNorm and biases",
            example="weights",
            option="--decayed",
            metavar="NAME",
            noun="decayed parameters",
            phrase="decay of {}",
        )
    )
    zero_gamma: str = setting(
        Setting(
            read=one_of(("no", "yes")),
            default="no",
            help="Whether the last BatchNorm of every bottleneck starts at zero: no or yes",
            example="yes",
            option="--zero-gamma",
            metavar="NAME",
            phrase="zero gamma: {}",
        )
    )
    span_init: str = setting(
        Setting(
            read=one_of(("he", "small", "centre")),
            default="small",
            help="How the kernels of involutions start: he (as other convolutions), small (a "
            "tenth of it), centre (small, and 1 at the centre of the window)",
            example="centre",
            option="--span-init",
            metavar="NAME",
            noun="initial kernels",
            phrase="initial kernels: {}",
        )
    )
    averaging: float = setting(
        Setting(
            read=number_within(0, 1),
            default=0.0,
            kind=float,
            help="Decay a step of the moving average of the weights that is tested; 0: the last "
            "weights",
            example="0.99",
            option="--averaging",
            metavar="SHARE",
            noun="weight averaging",
            phrase="weight averaging {}",
        )
    )
    precision: str = setting(
        Setting(
            read=one_of(PRECISIONS),
            default="fp32",
            help="What forward and loss compute in: fp32, or by autocast bf16, or fp16 with a "
            "scaled loss",
            example="bf16",
            option="--precision",
            metavar="NAME",
            phrase="in {}",
            later=True,
        )
    )
    compile: str = setting(
        Setting(
            read=one_of(("no", "yes")),
            default="no",
            help="Whether torch.compile compiles what is trained: no or yes; it needs a C++ "
            "compiler, or Triton with CUDA",
            example="yes",
            option="--compile",
            metavar="NAME",
            axis=False,
            later=True,
        )
    )
    threads: int = setting(
        Setting(
            read=integer_within(1, MOST_THREADS),
            default=1,
            kind=int,
            help="Threads of each trial; another number rounds differently",
            example="2",
            option="--threads",
            axis=False,
        )
    )
    processes: int = setting(
        Setting(
            read=integer_within(1, MOST_PROCESSES),
            default=1,
            kind=int,
            help="Processes that train a trial together, each on its part of every batch and, with "
            "CUDA, its own GPU; on the CPU BatchNorm's statistics stay with each process",
            example="4",
            option="--processes",
            axis=False,
            later=True,
        )
    )
    data_dir: Path = setting(
        Setting(
            read=read_path,
            default=Path("data"),
            kind=Path,
            help="Where downloaded data sets lie or go",
            example="~/data",
            option="--data-dir",
            metavar="DIR",
            axis=False,
            machine=True,
        )
    )
    device: str = setting(
        Setting(
            read=one_of(DEVICES),
            default="auto",
            help=", ".join(DEVICES),
            example="cuda",
            option="--device",
            metavar="NAME",
            axis=False,
            machine=True,
        )
    )
    workers: int = setting(
        Setting(
            read=read_count_or_zero,
            default=1,
            kind=int,
            help="Processes of each trial that read images from disk; 0: the trial's own",
            example="4",
            option="--workers",
            axis=False,
            machine=True,
        )
    )
    skip_bad_images: bool = machine_switch(
        "--skip-bad-images",
        "Train without the images of a folder that cannot be used; the report counts them",
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if (self.epochs is None) == (self.steps is None):
            raise SettingError("steps", self.steps, "give either --epochs or --steps")
        if self.processes > self.batch_size:
            problem = f"a batch of {self.batch_size} has too few images to be shared"
            raise SettingError("processes", self.processes, problem)
        if self.processes > 1 and self.compile == "yes":
            raise SettingError(
                "compile", self.compile, "is of --processes 1: leave out one of the two"
            )

    def for_variant(self, variant: Variant) -> "TrainSettings":
        """With what differs in the variant's training."""
        own: dict[str, Any] = dict(variant.training)
        if "steps" in own:
            own["epochs"] = None
        elif "epochs" in own:
            own["steps"] = None
        return replace(self, **own)

    @property
    def architecture(self) -> Architecture:
        return ARCHITECTURES[self.model]

    @property
    def cores(self) -> int:
        """That a trial keeps busy."""
        return self.processes * self.threads

    def share_of(self, images: int) -> int:
        """The most images of so many that one of its processes takes."""
        return math.ceil(images / self.processes)

    def identity(self) -> dict[str, object]:
        """What decides a trial's numbers, besides its network, seed and device; JSON values. See
        Setting.later."""
        found = {name: getattr(self, name) for name in _IDENTIFYING}
        return {name: value for name, value in found.items() if _LATER.get(name, ...) != value}


_IDENTIFYING = [name for name, found in settings_of(TrainSettings).items() if not found.machine]
_LATER = {name: found.default for name, found in settings_of(TrainSettings).items() if found.later}


def whole_identity(identity: Mapping[str, object]) -> dict[str, object]:
    """An identity with the defaults that it does not say."""
    return _LATER | dict(identity)
