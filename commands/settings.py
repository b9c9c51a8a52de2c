"""From the options of a run to its settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablations.settings import DEFAULT_EPOCHS, RunSettings, TrainSettings

_TRAINING = ("dataset", "batch_size", "lr", "device", "epochs", "steps")
_OWN = ("output", "data_dir", "seeds", "train_model", "cost_model", "no_train")


def make_settings(command: str, options: Mapping[str, Any]) -> tuple[RunSettings, dict[str, Any]]:
    """The settings that `options.run_options` describe, and the options that are none of those.

    command: names the output folder where there is no --output. Raises SettingError.
    """
    training = {name: options[name] for name in _TRAINING}
    if training["epochs"] is None and training["steps"] is None:
        training["epochs"] = DEFAULT_EPOCHS
    data_dir: Path = options["data_dir"].expanduser()
    train = TrainSettings(model=options["train_model"], data_dir=data_dir, **training)
    output: Path | None = options["output"]
    settings = RunSettings(
        output=Path("runs") / command if output is None else output.expanduser(),
        cost_model=options["cost_model"],
        seeds=options["seeds"],
        train=None if options.get("no_train") else train,
    )
    rest = {k: v for k, v in options.items() if k not in (*_TRAINING, *_OWN)}
    return settings, rest
