"""Training settings. No torch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ablations.data.registry import DATASET_NAMES, is_own_data, read_dataset
from ablations.errors import SettingError
from ablations.settings.readers import (
    integer_within,
    number_within,
    read_count_or_zero,
    read_positive,
    read_share_or_epochs,
)
from ablations.settings.setting import check_settings, setting, settings_of
from ablations.study.budget import Budget, whole
from ablations.study.variants import Variant
from involution_core.networks.architectures import ARCHITECTURES, Architecture

DEVICES = ("auto", "cpu", "cuda")
TEST, VALIDATION = "test", "validation"
SPLITS = (TEST, VALIDATION)
PRECISIONS = ("fp32", "bf16", "fp16")
OPTIMIZERS = {"sgd": "SGD", "adamw": "AdamW"}
MOST_THREADS = MOST_PROCESSES = 1024
MODELS = tuple(a.name for a in ARCHITECTURES.values() if a.family == "rednet")


@dataclass(frozen=True)
class TrainSettings:
    """How each trial is trained. The help of each setting says what it does.

    Raises:
        SettingError: For the first value that is not allowed.
    """

    model: str = setting(
        "rednet-small",
        f"Network to train: {', '.join(MODELS)}",
        choices=MODELS,
        example="rednet26",
        option="--train-model",
        axis=False,
    )
    dataset: str = setting(
        "digits",
        f"Data set: {', '.join(DATASET_NAMES)}",
        read=read_dataset,
        example="imagefolder:/data/imagenette",
        noun="data set",
        phrase="{}",
    )
    split: str = setting(
        TEST,
        "Images to measure accuracy on: test, or validation, which is held out of the training "
        "split",
        choices=SPLITS,
        axis=False,
    )
    epochs: int | None = setting(
        5, "Training budget in passes over the data", example="20", phrase="{} epochs"
    )
    steps: int | None = setting(
        None, "Training budget in steps, instead of --epochs", example="500", phrase="{} steps"
    )
    batch_size: int = setting(32, "Images per batch", example="128", phrase="batches of {}")
    # BatchNorm sees one batch at a time.
    accumulate: int = setting(
        1,
        "Batches per step; their gradients are averaged",
        example="8",
        noun="batches per step",
        phrase="{} batches per step",
        later=True,
    )
    lr: float = setting(
        0.1, "Peak learning rate", read=read_positive, example="0.05", noun="learning rate"
    )
    warmup: str = setting(
        "10%",
        "Length of the linear learning rate warm-up: epochs, or a share of the budget",
        read=read_share_or_epochs,
        example="5",
        metavar="N|SHARE",
        noun="warm-up",
        phrase="warm-up over {}",
        label=lambda level: f"{level} epochs" if level.isdecimal() else level,
        later=True,
    )
    warmup_from: float = setting(
        0.0,
        "Learning rate at the start of the warm-up, as a share of the peak",
        read=number_within(0, 1),
        example="0.25",
        metavar="SHARE",
        noun="start of the warm-up",
        phrase="warm-up from {}",
        later=True,
    )
    optimizer: str = setting(
        "sgd",
        "Optimizer: sgd, with Nesterov momentum, or adamw",
        choices=tuple(OPTIMIZERS),
        phrase="{}",
        label=lambda level: OPTIMIZERS.get(level, level),
    )
    momentum: float = setting(
        0.9,
        "Momentum of SGD, or the first beta of AdamW",
        read=number_within(0, 1),
        example="0.8",
        metavar="SHARE",
    )
    weight_decay: float = setting(
        1e-4, "Weight decay; decoupled from the gradient with adamw", example="0.0005"
    )
    label_smoothing: float = setting(
        0.1,
        "Share of the target that is spread over all classes",
        read=number_within(0, 1),
        example="0",
        metavar="SHARE",
    )
    decayed: str = setting(
        "all",
        "Parameters that weight decay applies to: all, or weights, without BatchNorm and biases",
        choices=("all", "weights"),
        noun="decayed parameters",
        phrase="decay of {}",
    )
    zero_gamma: str = setting(
        "no",
        "Initialise the last BatchNorm weight of each bottleneck to zero: no or yes",
        choices=("no", "yes"),
        phrase="zero gamma: {}",
    )
    span_init: str = setting(
        "small",
        "Initial kernels of involutions: he (as for convolutions), small (a tenth of he), centre "
        "(small, plus 1 at the centre of the window)",
        choices=("he", "small", "centre"),
        noun="initial kernels",
        phrase="initial kernels: {}",
    )
    averaging: float = setting(
        0.0,
        "Decay per step of the moving average of the weights, which is then tested; 0: test the "
        "last weights",
        read=number_within(0, 1),
        example="0.99",
        metavar="SHARE",
        noun="weight averaging",
    )
    precision: str = setting(
        "fp32",
        "Precision of forward pass and loss: fp32, or with autocast bf16, or fp16 with a scaled "
        "loss; weights and tests are fp32",
        choices=PRECISIONS,
        example="bf16",
        phrase="in {}",
        later=True,
    )
    compile: str = setting(
        "no",
        "Train with torch.compile: no or yes; needs a C++ compiler, or Triton with CUDA",
        choices=("no", "yes"),
        axis=False,
        later=True,
    )
    threads: int = setting(
        1,
        "CPU threads per trial; another number rounds differently",
        read=integer_within(1, MOST_THREADS),
        example="2",
        axis=False,
    )
    processes: int = setting(
        1,
        "Processes that train a trial together, each on its part of every batch and, with CUDA, "
        "on its own GPU; on the CPU, BatchNorm statistics stay with each process",
        read=integer_within(1, MOST_PROCESSES),
        example="4",
        axis=False,
        later=True,
    )
    data_dir: Path = setting(
        Path("data"), "Folder of downloaded data sets", example="~/data", machine=True
    )
    device: str = setting("auto", f"Device: {', '.join(DEVICES)}", choices=DEVICES, machine=True)
    workers: int = setting(
        1,
        "Processes per trial that read images from disk; 0: the trial's own process reads them",
        read=read_count_or_zero,
        example="4",
        machine=True,
    )
    # The numbers follow from the images that are left, which the data set's fingerprint covers.
    skip_bad_images: bool = setting(
        False, "Skip unreadable images of an image folder; the report counts them"
    )

    def __post_init__(self) -> None:
        check_settings(self)
        try:
            Budget.of(self.epochs, self.steps)
        except ValueError as error:
            raise SettingError("steps", self.steps, str(error)) from None
        if self.processes > self.batch_size:
            problem = f"must be at most the batch size, {self.batch_size}"
            raise SettingError("processes", self.processes, problem)
        if self.processes > 1 and self.compile == "yes":
            raise SettingError("compile", self.compile, "requires --processes 1")

    def for_variant(self, variant: Variant) -> "TrainSettings":
        """Return the settings of one variant."""
        return replace(self, **whole(dict(variant.training)))

    @property
    def budget(self) -> Budget:
        """The length of a trial."""
        return Budget.of(self.epochs, self.steps)

    @property
    def architecture(self) -> Architecture:
        return ARCHITECTURES[self.model]

    @property
    def cores(self) -> int:
        """Cores that a trial keeps busy."""
        return self.processes * self.threads

    def share_of(self, images: int) -> int:
        """Return the largest number of `images` that one process takes."""
        return math.ceil(images / self.processes)

    def identity(self) -> dict[str, object]:
        """Return the settings that decide a trial's numbers, as JSON values.

        A setting that was added later is left out at its default, see `Setting.later`.
        """
        found = {name: getattr(self, name) for name in _IDENTIFYING}
        return {name: value for name, value in found.items() if _LATER.get(name, ...) != value}


_IDENTIFYING = [name for name, found in settings_of(TrainSettings).items() if not found.machine]
_LATER = {name: found.default for name, found in settings_of(TrainSettings).items() if found.later}


def own_code_of(variant: Variant, settings: TrainSettings) -> list[str]:
    """Return the user's code that the trials of a variant run, as module:object."""
    return [*variant.own_code, *([settings.dataset] if is_own_data(settings.dataset) else [])]


def whole_identity(identity: Mapping[str, object]) -> dict[str, object]:
    """Return an identity with the defaults that it leaves out."""
    return _LATER | dict(identity)
