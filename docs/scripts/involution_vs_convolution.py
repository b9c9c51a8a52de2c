"""Draws `docs/images/involution-vs-convolution.svg`; needs Python alone."""

from collections.abc import Iterable
from pathlib import Path

TARGET = Path(__file__).parent.parent / "images" / "involution-vs-convolution.svg"

WIDTH, HEIGHT = 1000, 450
CELL = 18  # of a map
TAP = 13  # of a kernel
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
SHADES = {
    BLUE: (0.30, 0.75, 0.45, 0.95, 0.60, 0.25, 0.50, 0.85, 0.40),
    ORANGE: (0.80, 0.35, 0.60, 0.25, 0.95, 0.50, 0.70, 0.30, 0.55),
    GREEN: (0.45, 0.90, 0.30, 0.65, 0.25, 0.85, 0.55, 0.40, 0.75),
}

STYLE = """
  .card { fill: #ffffff; stroke: #d0d7de; }
  text { fill: #1f2328; }
  text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
  .title { font-size: 22px; font-weight: 600; }
  .small { font-size: 15px; }
  .quiet { font-size: 14px; fill: #59636e; }
  .grid { fill: #f6f8fa; stroke: #afb8c1; }
  .window { fill: none; stroke: #1f2328; stroke-width: 3; }
  .dashed { stroke-dasharray: 5 4; }
  .flow { fill: none; stroke: #59636e; stroke-width: 1.6; marker-end: url(#arrow); }
  .head { fill: #59636e; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #161b22; stroke: #3d444d; }
    text { fill: #e6edf3; }
    .quiet { fill: #9da7b1; }
    .grid { fill: #21262d; stroke: #59636e; }
    .flow { stroke: #9da7b1; }
    .head { fill: #9da7b1; }
    .window { stroke: #e6edf3; }
  }
"""


def grid(x: float, y: float, rows: int, columns: int, cell: float) -> str:
    """An empty map."""
    return "".join(
        f'<rect class="grid" x="{x + cell * j}" y="{y + cell * i}" width="{cell}" height="{cell}"/>'
        for i in range(rows)
        for j in range(columns)
    )


def kernel(x: float, y: float, colour: str, cell: float = TAP) -> str:
    """A 3 x 3 kernel, its weights as shades of one colour."""
    taps = (
        f'<rect x="{x + cell * (k % 3):g}" y="{y + cell * (k // 3):g}" width="{cell:g}" '
        f'height="{cell:g}" fill="{colour}" fill-opacity="{shade}"/>'
        for k, shade in enumerate(SHADES[colour])
    )
    return "".join(taps) + box(x, y, 3 * cell, 3 * cell, colour, 1.5)


def box(x: float, y: float, width: float, height: float, colour: str, line: float = 3) -> str:
    """A coloured frame."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="none" '
        f'stroke="{colour}" stroke-width="{line:g}" rx="1"/>'
    )


def pixel(x: float, y: float, colour: str) -> str:
    """A filled cell of a map."""
    return f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="{colour}"/>'


def text(x: float, y: float, words: str, kind: str = "small", anchor: str = "middle") -> str:
    """A line of text."""
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{words}</text>'


def arrow(*points: tuple[float, float]) -> str:
    """A line through points, with a head at its end."""
    path = " L ".join(f"{x:g} {y:g}" for x, y in points)
    return f'<path class="flow" d="M {path}"/>'


def window(x: float, y: float, row: int, column: int, colour: str) -> str:
    """The frame of the 3 x 3 window around a cell of the map at (x, y)."""
    return box(x + CELL * (column - 1), y + CELL * (row - 1), 3 * CELL, 3 * CELL, colour)


def sliding(x: float, y: float, row: int, column: int, kind: str) -> str:
    """The same frame of a window that slides."""
    return (
        f'<rect class="{kind}" x="{x + CELL * (column - 1)}" y="{y + CELL * (row - 1)}" '
        f'width="{3 * CELL}" height="{3 * CELL}" rx="1"/>'
    )


PIXELS = ((1, 1), (3, 5), (5, 2))
"""(row, column) of the output pixels that are shown."""


def convolution(left: float) -> Iterable[str]:
    """The left half: one kernel for all pixels, another for every output channel."""
    yield text(left + 235, 48, "Convolution", "title")
    yield text(
        left + 235, 72, "one kernel for each output channel, the same for all pixels", "quiet"
    )
    maps, top = left + 18, 150
    yield text(maps + 63, top - 14, "input")
    yield grid(maps, top, 7, 7, CELL)
    for row, column in PIXELS[1:]:
        yield sliding(maps, top, row, column, "window dashed")
    yield sliding(maps, top, *PIXELS[0], "window")
    x, size = left + 196, 16
    heights = (top - 14, top + 50, top + 114)
    yield text(x + 24, heights[0] - 14, "kernels")
    for y, colour in zip(heights, (BLUE, ORANGE, GREEN), strict=True):
        yield kernel(x, y, colour, size)
    for y in heights:
        yield arrow((maps + 131, top + 63), (x - 9, y + 24))
    out = left + 294
    yield text(out + 42, heights[0] - 14, "output")
    for number, (y, colour) in enumerate(zip(heights, (BLUE, ORANGE, GREEN), strict=True)):
        yield arrow((x + 57, y + 24), (out - 8, y + 24))
        plane = [
            f'<rect x="{out + 12 * j}" y="{y - 4 + 8 * i}" width="12" height="8" fill="{colour}" '
            'fill-opacity="0.35"/>'
            for i in range(7)
            for j in range(7)
        ]
        yield "".join(plane) + box(out, y - 4, 84, 56, colour, 1.5)
        yield text(out + 94, y + 29, f"channel {number + 1}", "small", "start")
    yield text(left + 235, 362, "The kernel slides: its weights do not depend on the pixel.")
    yield text(left + 235, 386, "Each output channel has weights for every input channel.")
    yield text(left + 235, 420, "spatial-agnostic, channel-specific", "quiet")


def involution(left: float) -> Iterable[str]:
    """The right half: a kernel for every pixel, made from it, shared by a group of channels."""
    yield text(left + 235, 48, "Involution", "title")
    yield text(
        left + 235, 72, "one kernel for each pixel, the same for a group of channels", "quiet"
    )
    maps, top = left + 18, 150
    yield text(maps + 63, top - 14, "input")
    yield grid(maps, top, 7, 7, CELL)
    colours = (BLUE, ORANGE, GREEN)
    for (row, column), colour in zip(PIXELS, colours, strict=True):
        yield pixel(maps + CELL * column, top + CELL * row, colour)
        yield window(maps, top, row, column, colour)
    phi, x, size = left + 166, left + 208, 16
    heights = (top - 14, top + 50, top + 114)
    yield text(x + 24, heights[0] - 14, "kernels")
    for y, colour, (row, column) in zip(heights, colours, PIXELS, strict=True):
        start = (maps + CELL * (column + 1), top + CELL * row + CELL / 2)
        yield arrow(start, (x - 9, y + 24))
        yield kernel(x, y, colour, size)
    yield text(phi, heights[0] + 8, "φ", "title")
    out = left + 316
    yield text(out + 72, heights[0] - 14, "output, one group")
    planes = ((out + 16, top - 6), (out + 8, top + 2), (out, top + 10))
    for x0, y0 in planes:
        yield grid(x0, y0, 7, 7, CELL - 1)
    front = planes[-1]
    for colour, (row, column), y in zip(colours, PIXELS, heights, strict=True):
        at = (front[0] + (CELL - 1) * column, front[1] + (CELL - 1) * row)
        yield f'<rect x="{at[0]}" y="{at[1]}" width="17" height="17" fill="{colour}"/>'
        yield arrow((x + 57, y + 24), (at[0] - 4, at[1] + 9))
    yield text(left + 235, 362, "φ makes a kernel from the pixel itself: W₁ · ReLU(BN(W₀ · x)).")
    yield text(left + 235, 386, "All channels of a group are weighted by the same kernel.")
    yield text(left + 235, 420, "spatial-specific, channel-agnostic", "quiet")


def draw() -> str:
    """The whole picture."""
    words = (
        "Left: a convolution slides one kernel for each output channel over all pixels. Right: an "
        "involution generates a kernel from each pixel and shares it over a group of channels."
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{words}">',
            f"<style>{STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path class="head" d="M0 0 L8 4 L0 8 z"/></marker>'
            "</defs>",
            *(
                f'<rect class="card" x="{x}" y="8" width="484" height="{HEIGHT - 16}" rx="10"/>'
                for x in (8, 508)
            ),
            *convolution(15),
            *involution(515),
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    TARGET.write_text(draw(), encoding="utf-8")
