"""Trackio: its own database on this machine. Needs the extra `trackio`."""

import io
from contextlib import redirect_stdout
from contextvars import copy_context
from functools import partial

import trackio

from reports.trackers.trial_log import Config, TrialLog, Values


class TrackioLog(TrialLog):
    """`trackio show` shows it. project: the name of the output folder."""

    def __init__(self, project: str) -> None:
        super().__init__()
        self.project = project

    def open(self, name: str, config: Config) -> "_Run":
        # In a separate context it is not the run that Trackio ends at the program's exit.
        begin = partial(trackio.init, self.project, name, config=dict(config), embed=False)
        with redirect_stdout(io.StringIO()):  # it advertises itself
            return _Run(copy_context().run(begin))


class _Run:
    def __init__(self, run: trackio.Run) -> None:
        self._run = run

    def log(self, values: Values, step: int) -> None:
        self._run.log(dict(values), step)

    def end(self, summary: Values, failure: str | None) -> None:
        told: dict[str, float | str] = {f"end/{name}": value for name, value in summary.items()}
        if failure is not None:
            told["failure"] = failure
        self._run.log(told)
        self.leave()

    def leave(self) -> None:
        with redirect_stdout(io.StringIO()):
            self._run.finish()
