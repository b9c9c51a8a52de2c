"""What a trial keeps outside of its process while it is trained, and when it is over."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from ablations.training.epoch import Epoch

State = Mapping[str, Any]
"""Everything that the next steps of a training depend on, as tensors and plain values."""


class TrialPaused(Exception):
    """A trial that was asked to stop, and can go on from what was kept of it."""


class Keeper:
    """Asked by the training loop; this one keeps nothing and never stops."""

    def earlier(self) -> State | None:
        """The state that an earlier process has left, None where there is none."""
        return None

    def look(self, state: Callable[[], State]) -> None:
        """A step, or a batch of a test, is done; `state` makes the state to go on from.

        Raises:
            TrialPaused: Where the trial is to stop.
        """

    def notice(self, line: str) -> None:
        """Takes a line on what is odd about the training."""

    def measured(self, point: Epoch) -> None:
        """The training curve has one point more."""

    def ends(self, network: nn.Module) -> None:
        """The training is over; network: the one that was tested."""
