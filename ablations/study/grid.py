"""Grid search over training settings, done for each variant. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from ablations.settings.setting import Level

FIRST_SEED = 1_000_000
"""First seed of tuning trials; a study's own seeds start at 0."""

DEFAULT_SEEDS = 3
MOST_CANDIDATES = 50

Candidate = tuple[tuple[str, Level], ...]
"""One level per tuned setting, in the form of `Variant.training`."""


@dataclass(frozen=True)
class Grid:
    """Candidates for the training settings of each variant.

    Attributes:
        levels: Candidates by training setting, in order.
        seeds: Trials per candidate and variant.
    """

    levels: Mapping[str, tuple[Level, ...]]
    seeds: int = DEFAULT_SEEDS

    @property
    def candidates(self) -> list[Candidate]:
        """All combinations of levels; the last setting varies fastest."""
        combined = product(*self.levels.values())
        return [tuple(zip(self.levels, levels, strict=True)) for levels in combined]

    @property
    def trial_seeds(self) -> range:
        """Seeds of the tuning trials, separate from a study's."""
        return range(FIRST_SEED, FIRST_SEED + self.seeds)
