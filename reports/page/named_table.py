"""A table of the report with the files that hold it."""

from dataclasses import dataclass

from reports.tables.formats import all_formats
from reports.tables.table import Table


@dataclass(frozen=True)
class NamedTable:
    """A table and, by file ending, its text; name: of its files."""

    name: str
    table: Table
    texts: dict[str, str]

    @classmethod
    def of(cls, name: str, table: Table) -> "NamedTable":
        """The table with its texts."""
        return cls(name, table, all_formats(table))
