"""What is chosen for each variant before it is trained: a grid of training settings. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from ablations.settings.setting import Level

FIRST_SEED = 1_000_000
"""Seeds of the tuning begin here, so that they stay apart from a study's, which begin at 0."""

DEFAULT_SEEDS = 3
MOST_CANDIDATES = 50

Candidate = tuple[tuple[str, Level], ...]
"""A level of each tuned setting, as `Variant.training` holds what differs in training."""


@dataclass(frozen=True)
class Grid:
    """Candidates that every variant of a study chooses from.

    Attributes:
        levels: Setting of training -> its candidates, in their order.
        seeds: Trials of each candidate of each variant.
    """

    levels: Mapping[str, tuple[Level, ...]]
    seeds: int = DEFAULT_SEEDS

    @property
    def candidates(self) -> list[Candidate]:
        """Every combination of levels, the last setting's running fastest."""
        combined = product(*self.levels.values())
        return [tuple(zip(self.levels, levels, strict=True)) for levels in combined]

    @property
    def trial_seeds(self) -> range:
        """The seeds of its trials: none of a study's."""
        return range(FIRST_SEED, FIRST_SEED + self.seeds)
