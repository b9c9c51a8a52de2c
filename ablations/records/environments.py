"""Which records were made where numbers come out alike. No torch."""

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
"""What of an environment decides how numbers are rounded, or what is computed. The threads of a
trial are a setting: a record of another number of threads is another trial's."""

UNKNOWN = "unknown"
"""In place of a value that a record does not have; it equals itself alone."""

Environment = Mapping[str, str]


def identity(environment: Environment) -> tuple[str, ...]:
    """What two records of equal numbers share: the values of `DECIDING`."""
    return tuple(environment.get(name, UNKNOWN) for name in DECIDING)


def differing(environments: Iterable[Environment]) -> list[str]:
    """Names of what is not the same in all of some environments, of `DECIDING`."""
    found = {identity(environment) for environment in environments}
    values = zip(*found, strict=True)
    return [name for name, seen in zip(DECIDING, values, strict=False) if len(set(seen)) > 1]


@dataclass(frozen=True)
class Origin:
    """The trials of one environment."""

    environment: Environment
    records: Sequence[TrialRecord]


def origins(records: Sequence[TrialRecord]) -> list[Origin]:
    """The trials by environment, the environment of the most trials first."""
    found: dict[tuple[str, ...], list[TrialRecord]] = {}
    for record in records:
        found.setdefault(identity(record.environment), []).append(record)
    by_size = sorted(found.values(), key=len, reverse=True)
    return [Origin(group[0].environment, group) for group in by_size]


def blocks(records: Sequence[TrialRecord]) -> dict[tuple[int, tuple[str, ...]], int]:
    """The blocks within which trials are paired: (seed, identity of the environment) -> a number,
    the seed itself where all trials have one environment.

    A seed is luck that variants share only where it gives them the same numbers, so that a seed of
    another environment is another block.
    """
    width = max((record.seed for record in records), default=0) + 1
    return {
        (record.seed, identity(origin.environment)): place * width + record.seed
        for place, origin in enumerate(origins(records))
        for record in origin.records
    }
