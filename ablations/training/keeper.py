"""The keeper of a trial's state, which may also ask it to pause."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from ablations.training.trial_result import CurvePoint

Checkpoint = Mapping[str, Any]
"""Everything that the next steps of a training depend on, as tensors and plain values."""


class TrialPaused(Exception):
    """A trial that was asked to stop and can resume from its checkpoint."""


class UnfitCheckpoint(ValueError):
    """A checkpoint of another training."""


class Keeper:
    """Keeps the state of a trial. This one keeps nothing and never asks for a pause.

    Attributes:
        seconds: Time that earlier processes spent on the trial.
    """

    seconds: float = 0.0

    def load(self) -> Checkpoint | None:
        """Return the checkpoint that an earlier process left, or None."""
        return None

    def discard(self, reason: str) -> None:
        """Give up the checkpoint that was loaded, because it does not fit."""

    def look(self, checkpoint: Callable[[], Checkpoint]) -> None:
        """Handle the end of a step, or of a batch of a test.

        Args:
            checkpoint: Makes the checkpoint to resume from.

        Raises:
            TrialPaused: If the trial is to stop.
        """

    def notice(self, line: str) -> None:
        """Take a line on something odd about the training."""

    def measured(self, point: CurvePoint) -> None:
        """Take a new point of the training curve."""

    def finish(self, network: nn.Module) -> None:
        """Take the trained network, whose Top-1 counts."""
