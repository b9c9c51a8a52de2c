"""Writes the table of settings into docs/studies.md, from their declarations."""

from collections.abc import Iterator
from pathlib import Path

from ablations.study.all_settings import AXES, SETTINGS

TARGET = Path(__file__).parent.parent / "studies.md"
BEGIN, END = "<!-- settings table: begin -->\n", "<!-- settings table: end -->"


def table() -> Iterator[str]:
    """The lines of the table."""
    yield "| Name | Axis | Default | Meaning |"
    yield "|---|---|---|---|"
    for name, declared in SETTINGS.items():
        axis = "yes" if name in AXES else "no"
        default = "–" if declared.default is None else f"`{_toml(declared.default)}`"
        yield f"| `{name}` | {axis} | {default} | {declared.help} |"


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def draw() -> str:
    """The page with today's table."""
    page = TARGET.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + "\n".join(table()) + "\n\n" + END + after


if __name__ == "__main__":
    TARGET.write_text(draw(), encoding="utf-8")
