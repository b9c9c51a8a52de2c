"""Weights & Biases. Needs the extra `wandb`.

It talks to its server unless WANDB_MODE=offline, where `wandb sync` sends the files later.
"""

from pathlib import Path
from typing import Any

import wandb

from reports.trackers.trial_log import Config, TrialLog, Values


class WandbLog(TrialLog):
    """Files below the output folder. project: the name of that folder."""

    def __init__(self, output: Path, project: str) -> None:
        super().__init__()
        self.output, self.project = output, project

    def open(self, name: str, config: Config) -> "_Run":
        self.output.mkdir(parents=True, exist_ok=True)
        return _Run(
            wandb.init(
                project=self.project,
                name=name,
                config=dict(config),
                dir=self.output,
                reinit="create_new",  # trials run side by side
                settings=wandb.Settings(silent=True, console="off", x_disable_stats=True),
            )
        )


class _Run:
    def __init__(self, run: Any) -> None:
        self._run = run

    def log(self, values: Values, step: int) -> None:
        self._run.log(dict(values), step=step)

    def end(self, summary: Values, failure: str | None) -> None:
        self._run.summary.update({f"end/{name}": value for name, value in summary.items()})
        if failure is not None:
            self._run.summary["failure"] = failure
        self._run.finish(exit_code=int(failure is not None))

    def leave(self) -> None:
        self._run.finish()
