"""Line numbers of the keys in a TOML text, for error messages. No torch.

Neither tomllib nor tomlkit has them.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
"""A key, as ("axes", "lr") or, with the index in an array of tables, ("variants", 1, "lr")."""

_PARTS = re.compile(
    r'"{3}(?:[^\\]|\\.)*?"{3,5}|\'{3}.*?\'{3,5}'  # texts of several lines
    r'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n]',
    re.DOTALL,
)
"""Tokens that contain line breaks or end a statement."""

_HEADER = re.compile(r"""\s*\[(\[?)((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^]"'])+)]""")
_KEY = re.compile(r"""\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^#="'])+)=""")


def key_lines(text: str) -> dict[Path, int]:
    """Return the line, from 1, of each table and key in a valid TOML text.

    Keys inside an inline table are not included.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    tables: dict[Path, int] = {}
    for line, statement in _statements(text):
        if header := _HEADER.match(statement):
            table = _inside(_names(f"[{header[2]}]"), tables)
            if header[1]:
                tables[table] = tables.get(table, -1) + 1
                table = (*table, tables[table])
            path = table
        elif key := _KEY.match(statement):
            path = (*table, *_names(f"{key[1]}=0"))
        else:
            continue
        for length in range(1, len(path) + 1):
            found.setdefault(path[:length], line)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each statement with its first line."""
    line, start, newlines, depth = 1, 0, 0, 0
    for part in _PARTS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(part[0], 0)
        newlines += part[0].count("\n")
        if part[0] == "\n" and depth == 0:
            yield line, text[start : part.start()]
            line, start, newlines = line + newlines, part.end(), 0
    yield line, text[start:]


def _names(statement: str) -> Path:
    """Return the parts of the key or table name in a statement."""
    names: list[str] = []
    table = tomllib.loads(statement)
    while isinstance(table, dict) and table:
        ((name, table),) = table.items()
        names.append(name)
    return tuple(names)


def _inside(names: Path, tables: Mapping[Path, int]) -> Path:
    """Return the path of a table, with the current index of each array of tables on it."""
    path: Path = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in tables:
            path = (*path, tables[path])
    return (*path, names[-1])


def line_of(lines: Mapping[Path, int], key: Path) -> int:
    """Return the line of a key, else of the nearest table around it, else 1.

    A path that is a line number already, as (3,), gives that line.
    """
    if len(key) == 1 and isinstance(key[0], int):
        return key[0]
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key, 1)
