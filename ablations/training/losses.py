"""The losses of a training, left on the device until somebody asks."""

import math
import time

import torch
from torch import Tensor

from ablations.errors import TrialFailed

READ_EVERY = {"cpu": 0.0, "cuda": 0.2}
"""Seconds from one reading to the next, by kind of device: before a graphics card's loss can be
read, the processor waits until all is done that it was given."""


class Losses:
    """Those of the steps since the last point of the curve.

    Args:
        total: Steps of the training.
        device: Where it goes on.
    """

    def __init__(self, total: int, device: torch.device) -> None:
        self.total = total
        self._every = READ_EVERY[device.type]
        self._last_read = time.monotonic()
        self._known: list[float] = []
        self._unread: list[Tensor] = []

    @property
    def due(self) -> bool:
        """Whether it is time to read them: to show the last one, and to see that all are finite."""
        return time.monotonic() - self._last_read >= self._every

    def add(self, loss: Tensor) -> None:
        """Takes a step's loss, shape (), without reading it."""
        self._unread.append(loss)

    def read(self, step: int) -> list[float]:
        """All of them; step: that of the last one.

        Raises:
            TrialFailed: Where one is not finite, which names its step.
        """
        if self._unread:
            found = torch.stack(self._unread).tolist()
            for number, loss in enumerate(found, step - len(found) + 1):
                if not math.isfinite(loss):
                    raise TrialFailed(f"loss became {loss} at step {number} of {self.total}")
            self._known += found
            self._unread = []
        self._last_read = time.monotonic()
        return self._known

    def begin(self, known: list[float]) -> None:
        """Has them begin with these."""
        self._known, self._unread = known, []
