"""From the options of a run, or from its studies' files, to its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablations.study.builder import StudyFile
from ablations.study.settings import RunSettings, TrainSettings
from ablations.study.variants import Level

_TRAINING = ("dataset", "split", "epochs", "steps", "batch_size", "lr")


@dataclass(frozen=True)
class Place:
    """What belongs to the machine and not to a study: where a run's files go and it runs."""

    output: Path
    data_dir: Path
    device: str


def take_place(name: str, options: dict[str, Any]) -> Place:
    """Takes the options of a place out of `options`; name: of the folder without --output."""
    output: Path | None = options.pop("output")
    return Place(
        Path("runs") / name if output is None else output.expanduser(),
        options.pop("data_dir").expanduser(),
        options.pop("device"),
    )


def take_levels(file: StudyFile, options: dict[str, Any]) -> dict[str, Level]:
    """Takes what a study's settings hold out of the options of `options.study_options`."""
    if options["epochs"] is None and options["steps"] is None:
        options["epochs"] = file.settings["epochs"]
    renamed = {"train_model": "model"}
    names = ("seeds", "train_model", "cost_model", *_TRAINING)
    taken = {renamed.get(name, name): options.pop(name) for name in names}
    return {name: level for name, level in taken.items() if level is not None}


def make_settings(levels: Mapping[str, Level], place: Place, no_train: bool) -> RunSettings:
    """The run of a study with these settings; SettingError for what cannot be."""
    training: dict[str, Any] = {k: levels[k] for k in (*_TRAINING, "model") if k in levels}
    if "steps" in levels:
        training.setdefault("epochs", None)
    train = TrainSettings(data_dir=place.data_dir, device=place.device, **training)
    return RunSettings(
        output=place.output,
        cost_model=str(levels.get("cost_model", "rednet50")),
        seeds=int(levels.get("seeds", 3)),
        train=None if no_train else train,
    )
