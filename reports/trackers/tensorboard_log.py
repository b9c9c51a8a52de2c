"""TensorBoard: event files below the output folder. Needs the extra `tensorboard`."""

from pathlib import Path
from urllib.parse import quote

from torch.utils.tensorboard import SummaryWriter

from reports.trackers.trial_log import Config, TrialLog, Values

FOLDER = "tensorboard"


class TensorBoardLog(TrialLog):
    """`tensorboard --logdir OUTPUT/tensorboard` shows it."""

    def __init__(self, output: Path) -> None:
        super().__init__()
        self.folder = output / FOLDER

    def open(self, name: str, config: Config) -> "_Run":
        return _Run(self.folder / quote(name, safe=" ,=+×()"), config)


class _Run:
    """A folder of event files. Step numbers are the trial's, so a resumed trial continues its
    curves."""

    def __init__(self, folder: Path, config: Config) -> None:
        self._writer = SummaryWriter(str(folder))
        rows = [f"|{name}|{value}|" for name, value in config.items()]
        self._writer.add_text("settings", "\n".join(["|setting|value|", "|---|---|", *rows]))

    def log(self, values: Values, step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def end(self, summary: Values, failure: str | None) -> None:
        self.log({f"end/{name}": value for name, value in summary.items()}, 0)
        if failure is not None:
            self._writer.add_text("failure", failure)
        self.leave()

    def leave(self) -> None:
        self._writer.close()
