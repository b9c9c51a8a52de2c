"""The files of a trial in the output folder beside its record: its checkpoint while it is trained,
its weights when it is over."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from ablations.records.damage import Damaged, Tell, set_aside
from ablations.records.folder import CHECKPOINTS, WEIGHTS
from ablations.training.checkpoint_file import read_checkpoint, write_checkpoint
from ablations.training.environment import describe_environment
from ablations.training.epoch import Epoch
from ablations.training.keeper import Keeper, State, TrialPaused


@dataclass(frozen=True)
class TrialFiles:
    """Where they lie.

    Attributes:
        checkpoint: The state of the trial in progress.
        weights: The trained network; None where it is not wanted.
        every: Seconds between two checkpoints.
    """

    checkpoint: Path
    weights: Path | None
    every: float

    @classmethod
    def of(cls, output: Path, stem: str, every: float, save_weights: bool) -> "TrialFiles":
        """Those of the trial whose record is called `stem`."""
        folder, name = output.absolute(), f"{stem}.pt"
        weights = folder / WEIGHTS / name if save_weights else None
        return cls(folder / CHECKPOINTS / name, weights, every)

    @property
    def complete(self) -> bool:
        """Whether all that is wanted of a trained network is there."""
        return self.weights is None or self.weights.exists()

    def remove_checkpoint(self) -> None:
        """For when the record is written."""
        self.checkpoint.unlink(missing_ok=True)


@dataclass
class FileKeeper(Keeper):
    """Writes a trial's files.

    Attributes:
        files: Where.
        device: Where it is trained.
        stopping: Whether the trial is to stop at its next step.
        on_end: Given the network that was tested and the file for it.
        tell: Takes a line on what is odd, such as a checkpoint that is set aside.
        on_point: Told of each point of the curve.
        seconds: That earlier parts of the trial took.
    """

    files: TrialFiles
    device: torch.device
    stopping: Callable[[], bool]
    on_end: Callable[[nn.Module, Path], None]
    tell: Tell
    on_point: Callable[[Epoch], None] = lambda point: None
    seconds: float = 0.0
    _began: float = 0.0
    _written: float = 0.0

    def earlier(self) -> State | None:
        """What a checkpoint holds. One that is damaged is set aside; one that was written with
        other versions or on another machine, whose sums round differently, is not taken up."""
        self._began = self._written = time.monotonic()
        try:
            kept = read_checkpoint(self.files.checkpoint)
        except Damaged as damaged:
            self.discard(damaged.reason)
            return None
        if kept is None or kept["environment"] != self._environment:
            return None
        self.seconds = kept["seconds"]
        return kept["state"]

    def discard(self, reason: str) -> None:
        """Sets the checkpoint aside, so that the trial begins anew."""
        self.seconds = 0.0
        with suppress(OSError):
            damaged = Damaged(self.files.checkpoint, reason)
            set_aside(damaged, self.tell, "its trial begins anew")

    def notice(self, line: str) -> None:
        self.tell(f"{self.files.checkpoint.stem}: {line}")

    def look(self, state: Callable[[], State]) -> None:
        stopping = self.stopping()
        if stopping or time.monotonic() - self._written >= self.files.every:
            with suppress(OSError):  # no reason to fail: the trial can do without
                self._write(state())
        if stopping:
            raise TrialPaused

    def measured(self, point: Epoch) -> None:
        self.on_point(point)

    def ends(self, network: nn.Module) -> None:
        if self.files.weights is not None:
            self.on_end(network, self.files.weights)

    def _write(self, state: State) -> None:
        self._written = time.monotonic()
        spent = self.seconds + self._written - self._began
        kept = {"environment": self._environment, "seconds": spent, "state": state}
        write_checkpoint(self.files.checkpoint, kept)

    @cached_property
    def _environment(self) -> dict[str, str]:
        """What decides how sums are rounded. Which commit the program is of does not: where it
        would give other numbers, the trial has another name."""
        described = describe_environment(self.device)
        return {name: text for name, text in described.items() if name != "source revision"}
