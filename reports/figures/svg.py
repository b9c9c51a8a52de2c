"""A matplotlib figure as one inline <svg>: sized, coloured and described by the page around it."""

import io
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import matplotlib
from markupsafe import Markup, escape
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from ablations.texts import inert

COLOURS = {
    "ink": "#444444",
    "grid": "#e5e5e5",
    "rest": "#c9c9c9",
    "blue": "#0072b2",
    "sky": "#56b4e9",
    "orange": "#e69f00",
    "vermillion": "#d55e00",
    "green": "#009e73",
    "purple": "#cc79a7",
    "yellow": "#f0e442",
}
"""Name of a colour in the page's style sheet -> how matplotlib writes it. The series are Okabe and
Ito's palette, which colour-blind readers can tell apart."""

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": COLOURS["ink"],
    "text.color": COLOURS["ink"],
    "axes.labelcolor": COLOURS["ink"],
    "xtick.color": COLOURS["ink"],
    "ytick.color": COLOURS["ink"],
    "grid.color": COLOURS["grid"],
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
}


@dataclass
class Marks:
    """What a reader can point at in a figure: artists, each with the words that it stands for."""

    words: list[str] = field(default_factory=list)
    labels: int = 0

    def add(self, artist: Artist, words: str) -> None:
        artist.set_gid(f"mark{len(self.words)}")
        self.words.append(words)

    def label(self, artist: Artist) -> None:
        """Text beside a mark: the page keeps it legible on whatever it lies."""
        artist.set_gid(f"label{self.labels}")
        self.labels += 1


def draw_svg(
    name: str,
    title: str,
    description: str,
    draw: Callable[[Figure, Marks], None],
    size: tuple[float, float] = (5.2, 3.2),
) -> Markup:
    """The figure that `draw` draws, `size` inches, as markup for the inside of a page.

    name: unique in the page; every id inside begins with it. Same data, same bytes.
    """
    style: Any = _STYLE | {"svg.hashsalt": name}
    with matplotlib.rc_context(style), warnings.catch_warnings():
        # The page's fonts show the text; matplotlib's own only measure it.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure, marks = Figure(figsize=size, layout="constrained"), Marks()
        draw(figure, marks)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    svg = _in_tags(text.getvalue(), lambda tag: _with_page_colours(_with_own_ids(tag, name)))
    words = {f"{name}-mark{i}": text for i, text in enumerate(marks.words)}
    svg = _described(_marked(_bare(svg), words), name, title, description)
    return Markup(inert(svg, kept="\n\t"))


def _in_tags(svg: str, change: Callable[[str], str]) -> str:
    """Each tag changed, and no text between them, whatever it says."""
    return re.sub(r"<[^>]*>", lambda found: change(found[0]), svg)


def _bare(svg: str) -> str:
    """The <svg> element alone, its size left to the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return re.sub(r' (width|height)="[0-9.]+pt"', "", svg, count=2)


def _with_own_ids(tag: str, name: str) -> str:
    """A tag with its ids made unique in the page."""
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    return re.sub(r'(href="|url\()#', rf"\1#{name}-", tag)


def _with_page_colours(tag: str) -> str:
    for colour, written in COLOURS.items():
        tag = tag.replace(written, f"var(--{colour})")
    return tag


def _marked(svg: str, words: Mapping[str, str]) -> str:
    """Each mark's group as an image with a name; its <title> is what a pointer shows."""

    def mark(found: re.Match[str]) -> str:
        text = escape(words[found[1]])
        label = f'<g id="{found[1]}" class="mark" role="img" aria-label="{text}">'
        return f"{label}<title>{text}</title>"

    svg = re.sub(r'<g id="([^"]*-mark\d+)">', mark, svg)
    return re.sub(r'(<g id="[^"]*-label\d+")>', r'\1 class="label">', svg)


def _described(svg: str, name: str, title: str, description: str) -> str:
    opened = (
        f'<svg role="group" aria-labelledby="{name}-title" aria-describedby="{name}-description" '
    )
    told = (
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>'
    )
    svg = svg.replace("<svg ", opened, 1)
    end = svg.index(">") + 1
    return svg[:end] + told + svg[end:]
