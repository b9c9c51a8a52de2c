"""Where in a TOML text each key stands, which tomllib does not tell. No torch."""

import re
import tomllib

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*([\w.\"' -]+?)\s*=")


def key_lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Path of each table and key in a valid TOML text -> its line, from 1.

    Tables of an array carry their place in it: [[variants]] twice is ("variants", 0) and
    ("variants", 1). Keys inside an inline table are not told apart from it.
    """
    lines = text.splitlines(keepends=True)
    found: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    for number, line in enumerate(lines):
        if not _starts_statement(lines[:number]):
            continue
        if header := _HEADER.match(line):
            table = _path(header[2])
            if header[1] == "[[":
                table = (*table, sum(path[:-1] == table for path in found))
        elif key := _KEY.match(line):
            found.setdefault((*table, *_path(key[1])), number + 1)
            continue
        else:
            continue
        found.setdefault(table, number + 1)
    return found


def _path(dotted: str) -> tuple[str | int, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _starts_statement(before: list[str]) -> bool:
    """Whether no list or text that began on an earlier line is still open."""
    try:
        tomllib.loads("".join(before))
    except tomllib.TOMLDecodeError:
        return False
    return True


def line_of(lines: dict[tuple[str | int, ...], int], key: tuple[str | int, ...]) -> int:
    """The line of a key, or of the nearest table around it; 1 where there is none."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key, 1)
