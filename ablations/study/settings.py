"""What a run is asked for, checked as a whole before anything is written. No torch."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ablations.errors import SettingError
from ablations.study.values import (
    DEVICES,
    IMAGE_FOLDER,
    MODELS,
    SPLITS,
    ZOO_MODELS,
    check_among,
    check_count,
    check_dataset,
    check_printable,
    check_rate,
)
from ablations.study.variants import Variant
from involution_core.architectures import ARCHITECTURES, Architecture

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

    split:         images that Top-1 is measured on: the test split, or a fixed part of the training
                   split that is then not trained on.
    epochs, steps: the budget; exactly one of them. A step is one batch.
    lr:            peak learning rate.
    """

    model: str = "rednet-small"
    dataset: str = "digits"
    split: str = "test"
    data_dir: Path = Path("data")
    epochs: int | None = 8
    steps: int | None = None
    batch_size: int = 32
    lr: float = 0.1
    device: str = "auto"

    def __post_init__(self) -> None:
        _check("train-model", self.model, lambda: check_among(self.model, MODELS))
        _check("dataset", self.dataset, lambda: check_dataset(self.dataset))
        _check("split", self.split, lambda: check_among(self.split, SPLITS))
        _check("device", self.device, lambda: check_among(self.device, DEVICES))
        if (self.epochs is None) == (self.steps is None):
            raise SettingError("steps", self.steps, "give either --epochs or --steps")
        _check_counts(epochs=self.epochs, steps=self.steps, batch_size=self.batch_size)
        _check("lr", self.lr, lambda: check_rate(self.lr))

    def for_variant(self, variant: Variant) -> "TrainSettings":
        """With what the variant's training has of its own."""
        own: dict[str, Any] = dict(variant.training)
        if "steps" in own:
            own["epochs"] = None
        elif "epochs" in own:
            own["steps"] = None
        return replace(self, **own)

    @property
    def architecture(self) -> Architecture:
        return ARCHITECTURES[self.model]

    def identity(self) -> dict[str, object]:
        """What decides a trial's numbers, besides its variant, seed and device; JSON values."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "split": self.split,
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
        _check("cost-model", self.cost_model, lambda: check_among(self.cost_model, MODELS))
        _check_counts(seeds=self.seeds)

    @property
    def models(self) -> list[str]:
        """The networks that will be built, before a study varies them."""
        return [self.cost_model, *([self.train.model] if self.train else [])]


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
        _check("model", self.model, lambda: check_among(self.model, ZOO_MODELS))
        _check("weights", self.weights, lambda: check_printable(str(self.weights)))
        if not self.weights.is_file():
            raise SettingError("weights", self.weights, "is not a file")
        folders = (f"{IMAGE_FOLDER}PATH",)
        _check("dataset", self.dataset, lambda: check_dataset(self.dataset, folders))
        _check_counts(batch_size=self.batch_size)
        _check("device", self.device, lambda: check_among(self.device, DEVICES))


def _check(setting: str, value: object, check: Callable[[], None]) -> None:
    """Raises a SettingError where `check` raises a ValueError."""
    try:
        check()
    except ValueError as error:
        written = str(value)
        if any("\ud800" <= character <= "\udfff" for character in written):
            written = ascii(written)
        raise SettingError(setting, written, str(error)) from None


def _check_counts(**counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None:
            _check(name.replace("_", "-"), count, partial(check_count, count))


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
