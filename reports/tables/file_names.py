"""The names of the files that hold a study's tables. No torch."""

from collections.abc import Iterable


def average_table(study: str, axis: str) -> str:
    """The table of the averages over all axes but one."""
    return f"{study}-by-{axis}"


def interactions_table(study: str) -> str:
    """The table of the interactions."""
    return f"{study}-interactions"


def choices_name(study: str) -> str:
    """The table of what each variant chose."""
    return f"{study}-tuning"


def candidates_name(study: str) -> str:
    """The table of all that variants chose from."""
    return f"{study}-tuning-candidates"


def one_level_name(study: str) -> str:
    """The table of all variants at one level."""
    return f"{study}-one-level"


def table_names(study: str, axes: Iterable[str]) -> set[str]:
    """Every name that a table of a study with these axes can have, without an ending."""
    tuning = {choices_name(study), candidates_name(study), one_level_name(study)}
    averages = {average_table(study, axis) for axis in axes}
    return {study, interactions_table(study)} | tuning | averages
