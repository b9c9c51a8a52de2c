"""Which trials were trained in another environment than the others, in sentences. No torch."""

from collections.abc import Sequence

from ablations.records.environments import (
    UNKNOWN,
    Environment,
    Origin,
    differing,
    identity,
)
from reports.names.captions import variant_name

NAMED = 3
"""Maximum trials of an environment that are named; more are counted."""


def origin_words(origins: Sequence[Origin]) -> list[str]:
    """Say that the trials come from several environments, with a line for each; empty for one."""
    if len(origins) < 2:
        return []
    names = differing(origin.environment for origin in origins)
    return [
        f"The trials come from {len(origins)} environments, which differ in {_listed(names)}. "
        "Differences are taken within one environment; pairs across two are left out.",
        *(f"{_values(names, o.environment)}: {_trials(o)}." for o in origins),
    ]


def elsewhere_words(origins: Sequence[Origin], here: Environment) -> list[str]:
    """One line for each environment that is not this run's, with what is different there."""
    total = sum(len(origin.records) for origin in origins)
    found = []
    for origin in origins:
        if identity(origin.environment) == identity(here):
            continue
        names = differing([origin.environment, here])
        there = _values(names, origin.environment)
        count = len(origin.records)
        were = "were" if count > 1 else "was"
        told = f"{count} of {total} trials {were} trained in another environment"
        found.append(f"{told} ({there}; here {_values(names, here)}): {_trials(origin)}")
    return found


def _values(names: Sequence[str], environment: Environment) -> str:
    return ", ".join(f"{name} {environment.get(name, UNKNOWN)}" for name in names)


def _trials(origin: Origin) -> str:
    records = origin.records
    if len(records) > NAMED:
        return f"{len(records)} trials"
    return "; ".join(f"{variant_name(r.variant)}, seed {r.seed}" for r in records)


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
