"""The correction for several comparisons. No torch."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

ALPHA = 0.05
"""Largest chance of any false "better" or "worse" among contrasts that are corrected together."""

Name = TypeVar("Name")


def holm(ps: Sequence[float]) -> list[float]:
    """p adjusted for testing all of `ps`, in their order (Holm 1979)."""
    adjusted = [0.0] * len(ps)
    highest = 0.0
    for step, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        highest = max(highest, min(1.0, (len(ps) - step) * ps[index]))
        adjusted[index] = highest
    return adjusted


def holm_by_name(ps: Mapping[Name, float]) -> dict[Name, float]:
    """The same for values that have names."""
    return dict(zip(ps, holm(list(ps.values())), strict=True))
