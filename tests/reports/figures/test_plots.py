import re
from xml.etree import ElementTree

import pytest
from finished import make_run
from matplotlib.figure import Figure

from ablations.results.frames import (
    accuracy_frame,
    cost_frame,
    curve_frame,
    measured_frame,
    timing_frame,
)
from reports.figures import accuracy_cost as fronts
from reports.figures import plots
from reports.figures.drawing import SMALLEST_SPAN
from reports.figures.svg import Marks, draw_svg

TOPS = {"3": [40.0, 50.0], "7": [80.0, 70.0], "5": [None, None], "9": [62.0, 64.0]}


@pytest.fixture
def run():
    return make_run("out", "kernel-size", TOPS)


@pytest.fixture
def drawn(run, monkeypatch):
    """Figure name -> the matplotlib figure and its marks' words, instead of SVG."""
    figures = {}

    def keep(name, title, description, draw, size=(5, 3)):
        figure, marks = Figure(figsize=size), Marks()
        draw(figure, marks)
        figures[name] = (figure, marks.words, description)
        return ""

    for module in (plots, fronts):
        monkeypatch.setattr(module, "draw_svg", keep)
    study = run.studies[0]
    labels = {value: value for value in TOPS}
    means = measured_frame(study, run.records)
    trials = accuracy_frame(study, run.records)
    seeds = trials.merge(means.drop(columns=["trained_params", "trained_macs"]), on="value")
    plots.accuracy_figure("a", labels, "K", seeds)
    finished = means.dropna(subset="top1_mean").reset_index(drop=True)
    timed = finished.merge(timing_frame(study, run.timings), on="value", how="left")
    fronts.envelope_figure("a", {"": labels}, timed)
    plots.curves_figure("a", {"": labels}, curve_frame(study, run.records))
    plots.cost_figure("a", labels, "K", cost_frame(run.proofs[study.name]))
    return figures


def test_every_seed_is_a_dot_and_every_mean_has_its_interval(drawn):
    figure, words, described = drawn["a-accuracy"]
    (axes,) = figure.axes
    dots = [line.get_ydata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert dots == [40.0, 50.0, 80.0, 70.0, 62.0, 64.0]
    assert "3, seed 1: 50.0 %" in words
    assert "3, mean of 2: 45.0 ± 63.5 %" in words
    assert described.startswith("3 45.0 ± 63.5 %; 7 75.0 ± 63.5 %; 9 63.0")
    low, high = axes.get_ylim()
    assert high - low >= SMALLEST_SPAN


def test_a_small_difference_does_not_fill_the_axis(monkeypatch):
    heights = []

    def keep(name, title, description, draw, size=(5, 3)):
        figure = Figure()
        draw(figure, Marks())
        low, high = figure.axes[0].get_ylim()
        heights.append(high - low)

    monkeypatch.setattr(plots, "draw_svg", keep)
    run = make_run("out", "kernel-size", {"3": [50.0], "7": [50.5]})
    trials = accuracy_frame(run.studies[0], run.records)
    means = measured_frame(run.studies[0], run.records)
    seeds = trials.merge(means.drop(columns=["trained_params", "trained_macs"]), on="value")
    plots.accuracy_figure("a", {"3": "3", "7": "7"}, "K", seeds)
    assert heights == [SMALLEST_SPAN]


def test_the_envelope_joins_what_nothing_beats(drawn):
    figure, words, _ = drawn["a-envelope"]
    joined = [line for axes in figure.axes for line in axes.lines if line.get_zorder() == 1]
    assert [list(line.get_ydata()) for line in joined] == [[45.0, 75.0]] * 3
    assert list(joined[0].get_xdata()) == [8.0, 8.5]
    assert joined[2].get_xdata() == pytest.approx([1 / 1.0, 1 / 0.9]), "ms of one image"
    assert "7, 8.5 MACs (M), one image, mean of 2: 75.0 ± 63.5 %" in words


def test_curves_have_a_band_over_the_seeds(drawn):
    figure, words, _ = drawn["a-curves"]
    (axes,) = figure.axes
    assert len(axes.collections) == 3, "the variant that failed has no curve"
    assert "3, step 50: mean 22.5 %, 20.0 to 25.0 over the seeds" in words


def test_costs_are_stacked_by_term(drawn, run):
    figure, words, _ = drawn["a-cost"]
    (axes,) = figure.axes
    frame = cost_frame(run.proofs["kernel-size"])
    bars = {bars.get_label(): [b.get_width() for b in bars] for bars in axes.containers}
    assert list(bars) == ["rest", "reduce", "span", "aggregation"]
    for term, widths in bars.items():
        assert widths == pytest.approx((frame[term] / 1e9).tolist())
    assert "7, span: 0.159 G" in words


def test_svg_is_described_marked_and_coloured_by_the_page():
    def draw(figure, marks):
        axes = figure.add_subplot()
        (dot,) = axes.plot(1, 2, "o", color="#0072b2")
        marks.add(dot, 'a <b> & "c"')

    svg = draw_svg("one", "T < U", "D & E", draw)
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert root.attrib["role"] == "group" and root.attrib["aria-labelledby"] == "one-title"
    assert root.find(f"{space}title").text == "T < U" and root.find(f"{space}desc").text == "D & E"
    (mark,) = [g for g in root.iter(f"{space}g") if g.get("class") == "mark"]
    assert mark.get("aria-label") == mark.find(f"{space}title").text == 'a <b> & "c"'
    assert "var(--blue)" in svg and not re.search("#(0072b2|444444)", svg)
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert len(ids) == len(set(ids)) and all(i.startswith("one-") for i in ids)
    assert draw_svg("one", "T < U", "D & E", draw) == svg


def test_series_are_told_apart_and_each_is_joined(run, monkeypatch):
    figures = []

    def keep(name, title, description, draw, size=(5, 3)):
        figure, marks = Figure(figsize=size), Marks()
        draw(figure, marks)
        figures.append((figure, marks.words, description))
        return ""

    monkeypatch.setattr(fronts, "draw_svg", keep)
    means = measured_frame(run.studies[0], run.records).dropna(subset="top1_mean")
    timed = means.merge(timing_frame(run.studies[0], run.timings), on="value", how="left")
    series = {"small": {"3": "3", "5": "5"}, "large": {"7": "7", "9": "9"}}
    fronts.envelope_figure("a", series, timed.assign(inference_rate=float("nan")))
    ((figure, words, described),) = figures
    assert len(figure.axes) == 2, "no panel of a time that was not measured"
    joined = [line for line in figure.axes[0].lines if line.get_zorder() == 1.5]
    assert [list(line.get_ydata()) for line in joined] == [[45.0], [75.0, 63.0]]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["small", "large"]
    assert "large, 7, 8.5 MACs (M), one image, mean of 2: 75.0 ± 63.5 %" in words
    assert described.startswith("small, 3: 8 MACs (M), one image, ")


def test_curves_of_series_stand_in_panels_with_one_legend(run, monkeypatch):
    figures = []

    def keep(name, title, description, draw, size=(5, 3)):
        figure = Figure(figsize=size)
        draw(figure, Marks())
        figures.append((figure, size))
        return ""

    monkeypatch.setattr(plots, "draw_svg", keep)
    curves = curve_frame(run.studies[0], run.records)
    series = {"small": {"3": "first", "5": "last"}, "large": {"7": "first", "9": "last"}}
    plots.curves_figure("a", series, curves)
    ((figure, size),) = figures
    assert [axes.get_title() for axes in figure.axes] == ["small", "large"]
    assert [len(axes.collections) for axes in figure.axes] == [1, 2]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["first", "last"]
    assert size == plots.WIDE
