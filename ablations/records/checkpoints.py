"""Checkpoints of trials in progress, on disk.

The first line of a file says what it is, the second is the SHA-256 of the rest, which `torch.save`
wrote. It is read as tensors and plain values only: no code in it is run.
"""

import hashlib
import io
import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from ablations.data.images import ImageData
from ablations.errors import one_line
from ablations.records.damage import Damaged, set_aside
from ablations.records.files import write_bytes
from ablations.records.folder import CHECKPOINTS, WEIGHTS
from ablations.records.weights import write_weights
from ablations.training.environment import describe_environment
from ablations.training.events import Notice, PointMeasured
from ablations.training.keeper import Checkpoint, Keeper, TrialPaused
from ablations.training.trial import Emit
from ablations.training.trial_result import CurvePoint
from ablations.training.trial_spec import TrialSpec

FIRST_LINE = b"involution-ablate checkpoint 1\n"
"""Ends with the number of the format, raised whenever a checkpoint gets other parts."""


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all."""
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    content = buffer.getbuffer()
    seal = hashlib.sha256(content).hexdigest().encode()
    write_bytes(path, b"".join((FIRST_LINE, seal, b"\n", content)))


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Return what `write_checkpoint` wrote, its tensors on the CPU; None if there is no file.

    Raises:
        Damaged: If the file is something else.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Damaged(path, error.strerror or one_line(error)) from None
    seal, _, saved = content.removeprefix(FIRST_LINE).partition(b"\n")
    known = content.startswith(FIRST_LINE)
    if not known or hashlib.sha256(saved).hexdigest().encode() != seal:
        raise Damaged(path, "its checksum does not match its content")
    try:
        return torch.load(io.BytesIO(saved), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, KeyError, EOFError) as error:
        raise Damaged(path, one_line(error)) from None


@dataclass(frozen=True)
class TrialFiles:
    """Paths of a trial's files besides its record.

    Attributes:
        checkpoint: State of the trial in progress.
        weights: The trained network; None if it is not to be saved.
        every: Seconds between two checkpoints.
    """

    checkpoint: Path
    weights: Path | None
    every: float

    @classmethod
    def of(cls, output: Path, stem: str, every: float, save_weights: bool) -> "TrialFiles":
        """Return the paths for the trial whose record is called `stem`."""
        folder, name = output.absolute(), f"{stem}.pt"
        weights = folder / WEIGHTS / name if save_weights else None
        return cls(folder / CHECKPOINTS / name, weights, every)

    @property
    def complete(self) -> bool:
        """Whether the trained network is saved, if it is to be."""
        return self.weights is None or self.weights.exists()

    def remove_checkpoint(self) -> None:
        """Remove the checkpoint, once the record is written."""
        self.checkpoint.unlink(missing_ok=True)


@dataclass
class FileKeeper(Keeper):
    """Keeps a trial's state in files.

    Attributes:
        files: Paths of the files.
        spec: The trial.
        data: Its images.
        emit: Receives notices and points of the curve.
        stopping: Returns whether the trial is to pause at its next step.
        seconds: Time that earlier processes spent on the trial.
    """

    files: TrialFiles
    spec: TrialSpec
    data: ImageData
    emit: Emit = lambda event: None
    stopping: Callable[[], bool] = lambda: False
    seconds: float = 0.0
    _began: float = 0.0
    _written: float = 0.0

    def load(self) -> Checkpoint | None:
        """Return the checkpoint in the file, or None.

        A damaged one is set aside. One from other versions or another machine, whose sums are
        rounded differently, is ignored.
        """
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
        """Set the checkpoint aside, so that the trial starts again."""
        self.seconds = 0.0
        with suppress(OSError):
            damaged = Damaged(self.files.checkpoint, reason)
            set_aside(damaged, self._tell, "its trial starts again")

    def notice(self, line: str) -> None:
        self._tell(f"{self.files.checkpoint.stem}: {line}")

    def look(self, checkpoint: Callable[[], Checkpoint]) -> None:
        stopping = self.stopping()
        if stopping or time.monotonic() - self._written >= self.files.every:
            with suppress(OSError):  # no reason to fail: the trial can do without
                self._write(checkpoint())
        if stopping:
            raise TrialPaused

    def measured(self, point: CurvePoint) -> None:
        self.emit(PointMeasured(self.spec, point))

    def finish(self, network: nn.Module) -> None:
        if self.files.weights is not None:
            write_weights(self.files.weights, network, self.spec, self.data)

    def _tell(self, line: str) -> None:
        self.emit(Notice(line))

    def _write(self, checkpoint: Checkpoint) -> None:
        self._written = time.monotonic()
        spent = self.seconds + self._written - self._began
        kept = {"environment": self._environment, "seconds": spent, "state": checkpoint}
        write_checkpoint(self.files.checkpoint, kept)

    @cached_property
    def _environment(self) -> dict[str, str]:
        """What decides how sums are rounded.

        The program's commit does not: if it gave other numbers, the trial had another name.
        """
        described = describe_environment(torch.device(self.spec.device))
        return {name: text for name, text in described.items() if name != "source revision"}
