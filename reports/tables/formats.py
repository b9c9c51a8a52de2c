"""A table as text to take elsewhere: CSV, Markdown, LaTeX.

CSV holds the numbers unrounded; Markdown and LaTeX hold what the page shows, LaTeX only the
columns that fit the width of a paper. LaTeX is a table with booktabs' rules; whatever came from
outside is text in all of them: no markup, no formula of a spreadsheet.
"""

import re
from collections.abc import Iterator
from textwrap import wrap

import pandas as pd

from ablations.texts import inert
from reports.tables.table import Column, Group, Table

ENDINGS = ("csv", "md", "tex")

HEADING_WIDTH = 9
"""Characters of a line in a heading of a paper's table."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet computes."""

_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "[": "{[}", "]": "{]}", "*": "{*}",  # behind \\ they would be its arguments
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''",
    "±": r"$\pm$", "×": r"$\times$", "−": r"$-$", "–": "--", "’": "'", "·": r"$\cdot$",
    "σ": r"$\sigma$", "₀": "$_0$", "₁": "$_1$", "²": "$^2$",
}  # fmt: skip

_NO_GLYPH = frozenset("«»ÐÞðþĄąĐđĘęĦħĮįĸĿŀŉŊŋŦŧŲųſ")
"""Below U+0180, and not in the fonts that LaTeX has without further packages."""


def all_formats(table: Table) -> dict[str, str]:
    """File ending -> the table in that format."""
    return dict(zip(ENDINGS, (to_csv(table), to_markdown(table), to_latex(table)), strict=True))


def to_csv(table: Table) -> str:
    """Every column that programs read, unrounded."""
    rows = [[_csv(column.value(item)) for column in table.csv] for item in table.items]
    frame = pd.DataFrame(rows, columns=[column.name for column in table.csv])
    return frame.to_csv(index=False, lineterminator="\n")


def _csv(value: object) -> object:
    """Return a number unchanged, and a text such that a spreadsheet does not evaluate it."""
    if not isinstance(value, str):
        return value
    return inert(f"'{value}" if value.startswith(FORMULA) else value)


def to_markdown(table: Table) -> str:
    """A pipe table; the group of a column stands behind its heading."""
    groups = dict.fromkeys(group.heading for group, _ in table.groups if group)
    headings = [
        f"{column.heading}, {_kind(column.group)}" if column.group else column.heading
        for column in table.columns
    ]
    rules = ["---:" if column.numeric else "---" for column in table.columns]
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    lines = [_pipes(headings), "| " + " | ".join(rules) + " |", *map(_pipes, rows)]
    notes = "".join(f"\n\n{_markdown(note)}." for note in (*groups, table.note) if note)
    return f"**{_markdown(table.title)}**\n\n" + "\n".join(lines) + notes + "\n"


def _kind(group: Group) -> str:
    return group.kind.lower()


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>|#&$~])", r"\\\1", inert(" ".join(text.split())))


def _pipes(cells: list[str]) -> str:
    return "| " + " | ".join(map(_markdown, cells)) + " |"


def to_latex(table: Table) -> str:
    """A table environment for a document that loads booktabs; what fits a paper, explained."""
    paper = table.for_paper()
    columns = "".join("r" if column.numeric else "l" for column in paper.columns)
    groups = [group.heading for group, _ in paper.groups if group]
    caption = ". ".join([table.title.rstrip(".?!"), *groups, *([table.note] if table.note else [])])
    return "\n".join(
        [
            r"% \usepackage{booktabs}",
            r"\begin{table}",
            r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
            rf"\caption{{{_latex(caption)}.}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            *_latex_groups(paper),
            " & ".join(_latex_heading(column) for column in paper.columns) + r" \\",
            r"\midrule",
            *(_ampersands([cell.text for cell in row.cells]) for row in paper.rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _latex_groups(table: Table) -> Iterator[str]:
    cells, rules, first = [], [], 1
    for group, span in table.groups:
        kind = _latex(_kind(group)) if group else ""
        cells.append(rf"\multicolumn{{{span}}}{{c}}{{{kind}}}")
        if group:
            rules.append(rf"\cmidrule(lr){{{first}-{first + span - 1}}}")
        first += span
    yield " & ".join(cells) + r" \\"
    yield " ".join(rules)


def _latex_heading(column: Column) -> str:
    """The heading, in lines of at most HEADING_WIDTH characters where words allow it."""
    lines = wrap(column.heading, HEADING_WIDTH, break_long_words=False, break_on_hyphens=False)
    side = "r" if column.numeric else "l"
    return (
        rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}"
        + r" \\ ".join(map(_latex, lines))
        + r"\end{tabular}"
    )


def _ampersands(cells: list[str]) -> str:
    return " & ".join(map(_latex, cells)) + r" \\"


def _latex(text: str) -> str:
    """`text` for LaTeX: special characters escaped, what its fonts may lack by its number."""
    return "".join(map(_latex_character, " ".join(text.split())))


def _latex_character(c: str) -> str:
    return _LATEX.get(c, c if _in_fonts(c) else f"{{[}}U+{ord(c):04X}{{]}}")


def _in_fonts(character: str) -> bool:
    return character.isprintable() and ord(character) < 0x180 and character not in _NO_GLYPH
