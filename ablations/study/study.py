"""A study: variants that differ on some axes. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ablations.statistics.design import Design
from ablations.study.grid import Candidate, Grid
from ablations.study.variants import Variant


@dataclass(frozen=True)
class Study(Design):
    """The design of an ablation with the networks that stand for its variants.

    Attributes:
        name: Of its tables and its folder.
        title: For the report.
        variants: Name ("7", "C", "3, r=4") -> Variant, in the order of the table.
        source: The study's file (TOML); it makes this study again.
        tune: What each variant's training is chosen from; None where nothing is chosen.
    """

    name: str
    title: str
    variants: Mapping[str, Variant]
    source: str
    tune: Grid | None = None

    def tuned(self, chosen: Mapping[str, Candidate]) -> "Study":
        """The study whose variants are trained as was chosen for them.

        chosen: by name of the variant; one that is not named stays as it is.
        """
        variants = {
            name: variant.trained_with(chosen.get(name, ()))
            for name, variant in self.variants.items()
        }
        return replace(self, variants=variants)

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


def tuning_candidates(studies: Sequence[Study]) -> dict[Variant, range]:
    """Every candidate of every variant that is tuned, once, though studies may share it, with its
    seeds, the most that one of them wants."""
    found: dict[Variant, range] = {}
    for study in studies:
        if study.tune is None:
            continue
        for variant in study.variants.values():
            for levels in study.tune.candidates:
                candidate, wanted = variant.trained_with(levels), study.tune.trial_seeds
                found[candidate] = max(found.get(candidate, wanted), wanted, key=len)
    return found
