"""A study: variants that differ on some axes. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from ablations.study.variants import Variant


@dataclass(frozen=True)
class Study:
    """Variants that differ on some axes.

    title:    for the report.
    axes:     names of what differs, in the order of the tables.
    levels:   variant -> its level on each axis, as written in the file.
    variants: name ("7", "C", "3, r=4") -> Variant, in the order of the table.
    baseline: the name of the variant that the others are held against.
    source:   the study's file (TOML); it makes this study again.
    """

    name: str
    title: str
    axes: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    variants: Mapping[str, Variant]
    baseline: str
    source: str

    @property
    def same_images(self) -> list[str]:
        """The variants that are judged on the baseline's data set, it among them."""
        return [
            name
            for name, variant in self.variants.items()
            if "dataset" not in dict(variant.training)
        ]

    @property
    def crossed(self) -> bool:
        """Whether every combination of the levels is there, on two axes or more."""
        distinct = [set(column) for column in zip(*self.levels.values(), strict=True)]
        return sum(len(found) > 1 for found in distinct) > 1 and prod(
            len(found) for found in distinct
        ) == len(set(self.levels.values()))


def distinct_variants(studies: Sequence[Study]) -> list[Variant]:
    """Every variant once, though several studies may share it."""
    return list(dict.fromkeys(v for study in studies for v in study.variants.values()))
