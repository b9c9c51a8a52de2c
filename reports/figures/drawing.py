"""What the figures of accuracies share: lines, series, means, the axis."""

from collections.abc import Mapping, Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablations.statistics.estimate import Estimate
from reports.figures.svg import COLOURS, Marks
from reports.names.number_texts import mean_text

SMALLEST_SPAN = 10
"""Percentage points that an accuracy axis spans at least: noise must not look like an effect."""

LINES = [
    ("blue", "o", "-"),
    ("vermillion", "s", "--"),
    ("green", "^", "-."),
    ("orange", "D", ":"),
    ("purple", "v", "-"),
    ("sky", "P", "--"),
    ("ink", "X", "-."),
]
"""Colour, marker and dash of a line; distinguishable without colour."""

Labels = Mapping[str, str]
"""Variant -> how figures write it, in the order of the study."""

Ticks = Mapping[str, tuple[str, ...]]
"""Variant -> the lines of its label below an axis, in the order of the study."""

Series = Mapping[str, Labels]
"""Title -> the variants that belong together; a study that is not crossed is one series, ""."""

SINGLE, WIDE = (5.2, 3.2), (9.6, 3.4)
"""Inches of a figure in its column, and of one as wide as the page."""

MOST_CHARACTERS = 100
"""Maximum characters of the labels below a page-wide figure; longer labels are slanted."""


def lines_of(count: int) -> list[tuple[str, str, str]]:
    """Return colour, marker and dash of `count` lines; after LINES they repeat."""
    return [LINES[i % len(LINES)] for i in range(count)]


def is_crowded(ticks: Ticks) -> bool:
    """Return whether the labels need the width of the page."""
    return _characters(ticks) + 2 * len(ticks) > MOST_CHARACTERS / 2


def is_slanted(ticks: Ticks) -> bool:
    """Return whether they do not fit even there side by side."""
    return _characters(ticks) > MOST_CHARACTERS


def _characters(ticks: Ticks) -> int:
    """Return the total length of the labels' longest lines."""
    return sum(max(map(len, lines)) for lines in ticks.values())


def draw_legend(
    figure: Figure,
    handles: Sequence[Artist],
    labels: Sequence[str],
    size: tuple[float, float],
    handlelength: float,
) -> None:
    """A legend above a figure of that size, at most 4 labels side by side. They are given apart
    from the handles, since a label that a handle has is left out where it begins with _."""
    room = MOST_CHARACTERS * size[0] / WIDE[0]
    columns = max(1, min(4, int(room / (6 + max(map(len, labels))))))
    figure.legend(
        handles,
        labels,
        loc="outside upper right",
        ncols=columns,
        frameon=False,
        handlelength=handlelength,
    )


def full_names(series: Series) -> list[dict[str, str]]:
    """The labels of each series with its title before them."""
    return [
        {name: ", ".join(filter(None, (title, label))) for name, label in labels.items()}
        for title, labels in series.items()
    ]


def mean_words(top1: Estimate) -> str:
    """A mean with its interval, in percent."""
    return f"{mean_text(top1)} %"


def draw_mean(
    axes: Axes,
    marks: Marks,
    x: float,
    top1: Estimate,
    label: str,
    marker: str,
    colour: str = "ink",
) -> None:
    """A mean, of which there is one, with its interval, where there is one."""
    assert top1.mean is not None, "only means are drawn"
    if top1.half_width is not None:
        axes.errorbar(
            x,
            top1.mean,
            yerr=top1.half_width,
            fmt="none",
            ecolor=COLOURS[colour],
            elinewidth=1,
            capsize=3,
        )
    size = 12 if marker == "_" else 6
    (point,) = axes.plot(x, top1.mean, marker, color=COLOURS[colour], markersize=size)
    marks.add(point, f"{label}, mean of {top1.n}: {mean_words(top1)}")


def accuracy_axis(*row: Axes) -> None:
    """Top-1 upwards in all panels of a row, at least SMALLEST_SPAN of it; when all is drawn."""
    low, high = row[0].get_ylim()
    middle, half = (low + high) / 2, max(high - low, SMALLEST_SPAN) / 2
    row[0].set_ylim(max(middle - half, -2), min(middle + half, 102))
    row[0].set_ylabel("measured Top-1 (%)")
    for axes in row:
        axes.grid(axis="y")
