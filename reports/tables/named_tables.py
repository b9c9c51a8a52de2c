"""Tables with the names of their files. No torch."""

from collections.abc import Iterable
from dataclasses import dataclass

from reports.tables.formats import all_formats
from reports.tables.table import Table


@dataclass(frozen=True)
class NamedTable:
    """A table and its text by file ending; name: the name of its files."""

    name: str
    table: Table
    texts: dict[str, str]

    @classmethod
    def of(cls, name: str, table: Table) -> "NamedTable":
        """Return the table with its texts."""
        return cls(name, table, all_formats(table))


def average_table(study: str, axis: str) -> str:
    """Return the name of the averages over all axes but one."""
    return f"{study}-by-{axis}"


def interactions_table(study: str) -> str:
    """Return the name of the interactions."""
    return f"{study}-interactions"


def choices_name(study: str) -> str:
    """Return the name of the table of choices."""
    return f"{study}-tuning"


def candidates_name(study: str) -> str:
    """Return the name of the table of all candidates."""
    return f"{study}-tuning-candidates"


def one_level_name(study: str) -> str:
    """Return the name of the table of all variants at one level."""
    return f"{study}-one-level"


def table_names(study: str, axes: Iterable[str]) -> set[str]:
    """Return every possible table name of a study with these axes, without ending."""
    tuning = {choices_name(study), candidates_name(study), one_level_name(study)}
    averages = {average_table(study, axis) for axis in axes}
    return {study, interactions_table(study)} | tuning | averages
