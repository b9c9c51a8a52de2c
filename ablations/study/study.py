"""A study: variants that differ on some axes. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablations.statistics.design import Design
from ablations.study.variants import Variant


@dataclass(frozen=True)
class Study(Design):
    """The design of an ablation with the networks that stand for its variants.

    Attributes:
        name: Of its tables and its folder.
        title: For the report.
        variants: Name ("7", "C", "3, r=4") -> Variant, in the order of the table.
        source: The study's file (TOML); it makes this study again.
    """

    name: str
    title: str
    variants: Mapping[str, Variant]
    source: str

    @property
    def same_images(self) -> list[str]:
        """The variants that are judged on the baseline's data set, it among them."""
        return [
            name
            for name, variant in self.variants.items()
            if "dataset" not in dict(variant.training)
        ]


def distinct_variants(studies: Sequence[Study]) -> list[Variant]:
    """Every variant once, though several studies may share it."""
    return list(dict.fromkeys(v for study in studies for v in study.variants.values()))
