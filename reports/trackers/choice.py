"""The trackers that `--log` names. A tracker's library is imported only if it is named."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ablations.errors import SettingError, one_line
from ablations.own_code import is_own_code, load_object
from ablations.run.events import Listener
from ablations.study.run_settings import TRACKERS


def trackers(named: Sequence[str], output: Path) -> list[tuple[str, Listener]]:
    """Return each tracker with its name.

    Args:
        named: Names of TRACKERS, or module:object for a callable that takes the output folder and
            returns a `Listener`.
        output: Output folder of the run.

    Raises:
        SettingError: For a tracker that is not installed or cannot be created.
    """
    return [(name, _tracker(name, output)) for name in named]


def _tracker(name: str, output: Path) -> Listener:
    if name in TRACKERS and find_spec(name) is None:
        problem = f"it is not installed: pip install 'involution-ablate[{name}]'"
        raise SettingError("log", name, problem)
    try:
        made = _make(name, output)
    except (Exception, SystemExit) as error:  # a user's code, or a library that is broken
        raise SettingError("log", name, one_line(error)) from None
    if not isinstance(made, Listener):
        kind = type(made).__name__
        problem = f"returns {kind}, expected an ablations.run.events.Listener"
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
