"""The budget of a trial, in epochs or in steps. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

EPOCHS, STEPS = "epochs", "steps"

OTHER = {EPOCHS: STEPS, STEPS: EPOCHS}
"""Setting of a budget -> the setting that it replaces."""


@dataclass(frozen=True)
class Budget:
    """The length of a trial.

    Attributes:
        count: Number of epochs or steps.
        unit: EPOCHS, passes over the data, or STEPS, steps of the optimizer.
    """

    count: int
    unit: str

    @classmethod
    def of(cls, epochs: int | None, steps: int | None) -> "Budget":
        """Return the budget of two settings.

        Raises:
            ValueError: Unless exactly one of them is set.
        """
        if epochs is not None and steps is None:
            return cls(epochs, EPOCHS)
        if steps is not None and epochs is None:
            return cls(steps, STEPS)
        raise ValueError("give either --epochs or --steps")

    def total_steps(self, steps_per_epoch: int) -> int:
        """Return the steps of the trial.

        Args:
            steps_per_epoch: Steps of one pass over the data.
        """
        return self.count if self.unit == STEPS else self.count * steps_per_epoch

    def __str__(self) -> str:
        return f"{self.count} {self.unit if self.count != 1 else self.unit.removesuffix('s')}"


def whole(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in which a budget that is given unsets the other one."""
    return {OTHER[name]: None for name in settings if name in OTHER} | dict(settings)


def with_changes(settings: Mapping[str, T], changes: Mapping[str, T]) -> dict[str, T]:
    """Return settings with some changes; a budget replaces the other one."""
    replaced = {OTHER[name] for name in changes if name in OTHER}
    kept = {name: level for name, level in settings.items() if name not in replaced}
    return kept | dict(changes)
