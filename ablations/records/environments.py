"""Records grouped by environments that give equal numbers. No torch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ablations.records.trial_record import TrialRecord

DECIDING = (
    "torch",
    "torchvision",
    "numpy",
    "scikit-learn",
    "training code",
    "backend",
    "instruction set",
    "system",
    "device",
)
"""Parts of an environment that decide how numbers are rounded, or what is computed. The threads of
a trial are a setting: with another number of threads it is another trial."""

UNKNOWN = "unknown"
"""Value of a part that a record does not have."""

Environment = Mapping[str, str]


def identity(environment: Environment) -> tuple[str, ...]:
    """Return the values of `DECIDING`, which records with equal numbers share."""
    return tuple(environment.get(name, UNKNOWN) for name in DECIDING)


def differing(environments: Iterable[Environment]) -> list[str]:
    """Return the names of `DECIDING` whose values differ between environments."""
    found = {identity(environment) for environment in environments}
    values = zip(*found, strict=True)
    return [name for name, seen in zip(DECIDING, values, strict=False) if len(set(seen)) > 1]


@dataclass(frozen=True)
class Origin:
    """The trials of one environment."""

    environment: Environment
    records: Sequence[TrialRecord]


def origins(records: Sequence[TrialRecord]) -> list[Origin]:
    """Group trials by environment, the largest group first."""
    found: dict[tuple[str, ...], list[TrialRecord]] = {}
    for record in records:
        found.setdefault(identity(record.environment), []).append(record)
    by_size = sorted(found.values(), key=len, reverse=True)
    return [Origin(group[0].environment, group) for group in by_size]


def blocks(records: Sequence[TrialRecord]) -> dict[tuple[int, tuple[str, ...]], int]:
    """Return the blocks within which trials are paired.

    Variants share the luck of a seed only if it gives them the same random numbers, so a seed in
    another environment is another block.

    Returns:
        (seed, identity of the environment) -> number of the block, the seed itself if all trials
        have one environment.
    """
    width = max((record.seed for record in records), default=0) + 1
    return {
        (record.seed, identity(origin.environment)): place * width + record.seed
        for place, origin in enumerate(origins(records))
        for record in origin.records
    }
