"""A point of a training curve. No torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """One point of the training curve, measured in that epoch. Top-1 in percent, on the split of
    the settings: the last one on all its images, the others on those of `curve_batches`."""

    epoch: int
    steps: int
    train_loss: float
    top1: float
