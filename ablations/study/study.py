"""A study: variants that differ along axes. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ablations.statistics.design import Design
from ablations.study.grid import Candidate, Grid
from ablations.study.variants import Variant


@dataclass(frozen=True)
class Study(Design):
    """The design of an ablation, with its variants.

    Attributes:
        name: Name of its tables and output folder.
        title: Title in the report.
        variants: Variants by name ("7", "C", "3, r=4"), in the order of the table.
        source: TOML text of this study.
        tune: Candidates of training settings for each variant; None: no tuning.
    """

    name: str
    title: str
    variants: Mapping[str, Variant]
    source: str
    tune: Grid | None = None

    def tuned(self, chosen: Mapping[str, Candidate]) -> "Study":
        """Return the study with the chosen training settings.

        Args:
            chosen: Candidates by name of the variant; other variants stay unchanged.
        """
        variants = {
            name: variant.trained_with(chosen.get(name, ()))
            for name, variant in self.variants.items()
        }
        return replace(self, variants=variants)

    @property
    def same_images(self) -> list[str]:
        """Names of the variants with the baseline's data set, including the baseline."""
        return [
            name
            for name, variant in self.variants.items()
            if "dataset" not in dict(variant.training)
        ]


def distinct_variants(studies: Sequence[Study]) -> list[Variant]:
    """Return the variants of all studies without duplicates."""
    return list(dict.fromkeys(v for study in studies for v in study.variants.values()))


def tuning_candidates(studies: Sequence[Study]) -> dict[Variant, range]:
    """Return the seeds of each distinct tuning candidate; the largest range if studies share it."""
    found: dict[Variant, range] = {}
    for study in studies:
        if study.tune is None:
            continue
        for variant in study.variants.values():
            for levels in study.tune.candidates:
                candidate, wanted = variant.trained_with(levels), study.tune.trial_seeds
                found[candidate] = max(found.get(candidate, wanted), wanted, key=len)
    return found
