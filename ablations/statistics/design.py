"""The levels of a study's variants on its axes. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class Design:
    """The axes of a study and each variant's levels.

    Attributes:
        axes: Their names, in the order of the tables.
        levels: Variant -> its level on each axis, in the order of `axes`.
        baseline: Name of the variant that the others are compared with.

    Raises:
        ValueError: An axis is named twice, a variant has more or fewer levels than axes, or the
            baseline is not a variant.
    """

    axes: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    baseline: str

    def __post_init__(self) -> None:
        if len(set(self.axes)) < len(self.axes):
            raise ValueError(f"an axis is named twice: {', '.join(self.axes)}")
        for name, levels in self.levels.items():
            if len(levels) != len(self.axes):
                raise ValueError(f"{name} has {len(levels)} levels on {len(self.axes)} axes")
        if self.baseline not in self.levels:
            variants = ", ".join(self.levels)
            raise ValueError(f"the baseline {self.baseline} is none of the variants: {variants}")

    def levels_of(self, axis: str) -> list[str]:
        """The distinct levels of an axis, in order of appearance."""
        place = self.axes.index(axis)
        return list(dict.fromkeys(levels[place] for levels in self.levels.values()))

    def baseline_of(self, axis: str) -> str:
        """The baseline's level on an axis."""
        return self.levels[self.baseline][self.axes.index(axis)]

    @property
    def varied(self) -> tuple[str, ...]:
        """The axes with at least two levels."""
        return tuple(axis for axis in self.axes if len(self.levels_of(axis)) > 1)

    @property
    def crossed(self) -> bool:
        """Whether at least two axes vary and every combination of levels occurs once."""
        cells = list(self.levels.values())
        combinations = prod(len(self.levels_of(axis)) for axis in self.axes)
        return len(self.varied) > 1 and len(set(cells)) == len(cells) == combinations

    def cells(self, fixed: Mapping[str, str]) -> list[str]:
        """The variants that have the levels `fixed`, a level by axis."""
        places = {self.axes.index(axis): level for axis, level in fixed.items()}
        return [
            name
            for name, levels in self.levels.items()
            if all(levels[place] == level for place, level in places.items())
        ]
