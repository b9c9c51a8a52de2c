"""The trackers that `--log` names. A tracker's library is imported where it is asked for alone."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ablations.errors import SettingError, one_line
from ablations.own_code import is_own_code, load_object
from ablations.study.run_settings import TRACKERS
from ablations.training.progress import Progress


def trackers(named: Sequence[str], output: Path) -> list[tuple[str, Progress]]:
    """Each with its name.

    Args:
        named: Of TRACKERS, or module:object: what is called with the output folder and returns a
            `Progress`.
        output: The run's.

    Raises:
        SettingError: For one that is not installed, or cannot be made.
    """
    return [(name, _tracker(name, output)) for name in named]


def _tracker(name: str, output: Path) -> Progress:
    if name in TRACKERS and find_spec(name) is None:
        problem = f"it is not installed: pip install 'involution-ablate[{name}]'"
        raise SettingError("log", name, problem)
    try:
        made = _make(name, output)
    except (Exception, SystemExit) as error:  # a user's code, or a library that is broken
        raise SettingError("log", name, one_line(error)) from None
    if not isinstance(made, Progress):
        kind = type(made).__name__
        problem = f"gives a {kind}, which is no ablations.training.progress.Progress"
        raise SettingError("log", name, problem)
    return made


def _make(name: str, output: Path) -> object:
    project = output.resolve().name
    if is_own_code(name):
        return load_object(name)(output)
    if name == "tensorboard":
        from reports.trackers.tensorboard_log import TensorBoardLog

        return TensorBoardLog(output)
    if name == "trackio":
        from reports.trackers.trackio_log import TrackioLog

        return TrackioLog(project)
    from reports.trackers.wandb_log import WandbLog

    return WandbLog(output, project)
