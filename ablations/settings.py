"""What a run is asked for, checked as a whole before anything is written. No torch."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ablations.errors import SettingError
from involution_core.architectures import ARCHITECTURES, Architecture

TORCHVISION = ("cifar10", "cifar100", "fashion-mnist")
IMAGE_FOLDER = "imagefolder:"
DATASETS = ("digits", *TORCHVISION, f"{IMAGE_FOLDER}PATH")
DEVICES = ("auto", "cpu", "cuda")
MODELS = tuple(a.name for a in ARCHITECTURES.values() if a.family == "rednet")
ZOO_MODELS = tuple(name for name in MODELS if ARCHITECTURES[name].stem == "imagenet")

DEFAULT_EPOCHS = 8
LARGEST_COUNT = 10**9

WRITTEN = {
    "report.html": False,
    "run.json": False,
    "tables": True,
    "timings": True,
    "trials": True,
}
"""What a run writes into its output folder; True for a directory."""


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
        _check_printable("dataset", self.dataset)
        known = self.dataset in DATASETS[:-1] or (
            self.dataset.startswith(IMAGE_FOLDER) and self.dataset != IMAGE_FOLDER
        )
        if not known:
            raise _not_among("dataset", self.dataset, DATASETS)
        if self.device not in DEVICES:
            raise _not_among("device", self.device, DEVICES)
        if (self.epochs is None) == (self.steps is None):
            raise SettingError("steps", self.steps, "give either --epochs or --steps")
        _check_count("epochs", self.epochs)
        _check_count("steps", self.steps)
        _check_count("batch-size", self.batch_size)
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
        _check_count("seeds", self.seeds)

    @property
    def architectures(self) -> list[Architecture]:
        """The networks that will be built."""
        trained = [self.train.architecture] if self.train else []
        return [ARCHITECTURES[self.cost_model], *trained]


@dataclass(frozen=True)
class EvaluationSettings:
    """A checkpoint of the authors' repository and the images that it is judged on.

    dataset: "imagefolder:PATH".
    """

    model: str
    weights: Path
    dataset: str
    batch_size: int = 64
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.model not in ZOO_MODELS:
            raise _not_among("model", self.model, ZOO_MODELS)
        _check_printable("weights", str(self.weights))
        if not self.weights.is_file():
            raise SettingError("weights", self.weights, "is not a file")
        _check_printable("dataset", self.dataset)
        if not self.dataset.startswith(IMAGE_FOLDER) or self.dataset == IMAGE_FOLDER:
            raise _not_among("dataset", self.dataset, (f"{IMAGE_FOLDER}PATH",))
        _check_count("batch-size", self.batch_size)
        if self.device not in DEVICES:
            raise _not_among("device", self.device, DEVICES)


def _check_printable(setting: str, text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise SettingError(setting, ascii(text), "is not a name in UTF-8")


def _not_among(setting: str, value: object, allowed: tuple[str, ...]) -> SettingError:
    return SettingError(setting, value, f"allowed: {', '.join(allowed)}")


def _check_count(setting: str, value: int | None) -> None:
    if value is not None and not 1 <= value <= LARGEST_COUNT:
        raise SettingError(setting, value, f"must be at least 1 and at most {LARGEST_COUNT}")


def check_writable(setting: str, folder: Path, written: Mapping[str, bool]) -> None:
    """Raises SettingError where `folder` is not, and cannot become, a directory to write in.

    written: what will be written there, by name; True for a directory. Leaves nothing behind.
    """
    try:
        str(folder).encode()
        present = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not present.is_dir():
            raise SettingError(setting, folder, f"{present} is not a directory")
        if folder.is_symlink() and not folder.exists():
            raise SettingError(setting, folder, "is a link to nowhere")
        tempfile.TemporaryFile(dir=present).close()
        for name, is_folder in written.items():
            path = folder / name
            if path.exists() and path.is_dir() != is_folder:
                kind = "directory" if is_folder else "file"
                raise SettingError(setting, folder, f"{path} is in the way: it is not a {kind}")
            if path.is_dir():
                tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        problem = f"cannot write there ({error.strerror}); name another folder"
        raise SettingError(setting, folder, problem) from None
    except UnicodeEncodeError:
        raise SettingError(setting, ascii(str(folder)), "is not a name in UTF-8") from None


def _check_model(setting: str, name: str) -> None:
    if name not in MODELS:
        raise _not_among(setting, name, MODELS)
