"""Figures as matplotlib drew them, before they become SVG."""

from dataclasses import dataclass

from matplotlib.figure import Figure

from reports.figures.svg import Marks


@dataclass
class Drawing:
    """A figure, the words of its marks and its description; size in inches."""

    figure: Figure
    words: list[str]
    description: str
    size: tuple


def keep_drawings(monkeypatch, module):
    """The list that every figure of a module is put into from now on, in place of SVG."""
    kept = []

    def keep(name, title, description, draw, size=(5.2, 3.2)):
        figure, marks = Figure(figsize=size, layout="constrained"), Marks()
        draw(figure, marks)
        kept.append(Drawing(figure, marks.words, description, size))
        return ""

    monkeypatch.setattr(module, "draw_svg", keep)
    return kept
