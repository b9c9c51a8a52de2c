"""The names of the files that hold a study's tables. No torch."""

from collections.abc import Iterable


def average_table(study: str, axis: str) -> str:
    """The table of the averages over all axes but one."""
    return f"{study}-by-{axis}"


def interactions_table(study: str) -> str:
    """The table of the interactions."""
    return f"{study}-interactions"


def table_names(study: str, axes: Iterable[str]) -> set[str]:
    """Every name that a table of a study with these axes can have, without an ending."""
    return {study, interactions_table(study), *(average_table(study, axis) for axis in axes)}
