"""What a run is asked for, checked as a whole before anything is written. No torch."""

from dataclasses import dataclass
from pathlib import Path

from ablations.errors import SettingError
from involution_core.architectures import ARCHITECTURES, Architecture

TORCHVISION = ("cifar10", "cifar100", "fashion-mnist")
IMAGE_FOLDER = "imagefolder:"
DATASETS = ("digits", *TORCHVISION, f"{IMAGE_FOLDER}PATH")
DEVICES = ("auto", "cpu", "cuda")
MODELS = tuple(a.name for a in ARCHITECTURES.values() if a.family == "rednet")

DEFAULT_EPOCHS = 8


@dataclass(frozen=True)
class TrainSettings:
    """How every trial of a run is trained.

    epochs, steps: the budget; exactly one of them. A step is one batch.
    lr:            peak learning rate.
    """

    model: str = "rednet-small"
    dataset: str = "digits"
    data_dir: Path = Path("data")
    epochs: int | None = DEFAULT_EPOCHS
    steps: int | None = None
    batch_size: int = 32
    lr: float = 0.1
    device: str = "auto"

    def __post_init__(self) -> None:
        _check_model("train-model", self.model)
        known = self.dataset in DATASETS[:-1] or (
            self.dataset.startswith(IMAGE_FOLDER) and self.dataset != IMAGE_FOLDER
        )
        if not known:
            raise _not_among("dataset", self.dataset, DATASETS)
        if self.device not in DEVICES:
            raise _not_among("device", self.device, DEVICES)
        if (self.epochs is None) == (self.steps is None):
            raise SettingError("steps", self.steps, "give either --epochs or --steps")
        for setting, value in [
            ("epochs", self.epochs),
            ("steps", self.steps),
            ("batch-size", self.batch_size),
        ]:
            if value is not None and value < 1:
                raise SettingError(setting, value, "must be at least 1")
        if not 0 < self.lr < float("inf"):
            raise SettingError("lr", self.lr, "must be a positive number")

    @property
    def architecture(self) -> Architecture:
        return ARCHITECTURES[self.model]

    def identity(self) -> dict[str, object]:
        """What decides a trial's numbers, besides its variant, seed and device; JSON values."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "epochs": self.epochs,
            "steps": self.steps,
            "batch_size": self.batch_size,
            "lr": self.lr,
        }


@dataclass(frozen=True)
class RunSettings:
    """A run: where it goes, how costs are counted, how many seeds, how trials are trained.

    train: None where only costs are wanted.
    """

    output: Path
    cost_model: str
    seeds: int
    train: TrainSettings | None

    def __post_init__(self) -> None:
        _check_model("cost-model", self.cost_model)
        if self.seeds < 1:
            raise SettingError("seeds", self.seeds, "must be at least 1")

    @property
    def architectures(self) -> list[Architecture]:
        """The networks that will be built."""
        trained = [self.train.architecture] if self.train else []
        return [ARCHITECTURES[self.cost_model], *trained]


def _not_among(setting: str, value: object, allowed: tuple[str, ...]) -> SettingError:
    return SettingError(setting, value, f"allowed: {', '.join(allowed)}")


def _check_model(setting: str, name: str) -> None:
    if name not in MODELS:
        raise _not_among(setting, name, MODELS)
