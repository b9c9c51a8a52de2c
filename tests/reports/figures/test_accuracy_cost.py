from dataclasses import replace

import pytest
from drawings import keep_drawings
from finished import make_run

from ablations.results.results import results_of
from reports.figures import accuracy_cost

TOPS = {"3": [40.0, 50.0], "7": [80.0, 70.0], "5": [None, None], "9": [62.0, 64.0]}


@pytest.fixture
def variants():
    return results_of(make_run("out", "kernel-size", TOPS)).studies[0].variants


def test_the_front_joins_what_nothing_beats(variants, monkeypatch):
    drawn = keep_drawings(monkeypatch, accuracy_cost)
    accuracy_cost.accuracy_cost_figure("a", {"": {name: name for name in TOPS}}, variants, TOPS)
    axes = drawn[0].figure.axes
    joined = [line for panel in axes for line in panel.lines if line.get_zorder() == 1]
    assert [list(line.get_ydata()) for line in joined] == [[45.0, 75.0]] * 3
    assert list(joined[0].get_xdata()) == [8.0, 8.5]
    assert joined[2].get_xdata() == pytest.approx([1 / 1.0, 1 / 0.9]), "ms of one image"
    assert "7, 8.5 MACs (M), one image, mean of 2: 75.0 ± 63.5 %" in drawn[0].words


def test_what_was_judged_on_other_images_is_not_on_the_front(variants, monkeypatch):
    drawn = keep_drawings(monkeypatch, accuracy_cost)
    labels = {"": {name: name for name in TOPS}}
    accuracy_cost.accuracy_cost_figure("a", labels, variants, ["3", "5", "9"])
    (joined,) = [line for line in drawn[0].figure.axes[0].lines if line.get_zorder() == 1]
    assert list(joined.get_ydata()) == [45.0, 63.0]


def test_the_time_of_an_image_has_its_quartiles(variants, monkeypatch):
    drawn = keep_drawings(monkeypatch, accuracy_cost)
    timing = replace(variants[0].timing, inference_seconds=(0.032, 0.064, 0.096, 0.128, 0.16))
    timed = replace(variants[0], timing=timing)
    accuracy_cost.accuracy_cost_figure("a", {"": {"3": "3"}}, [timed], TOPS)
    # Batches of 32: median 96 ms, quartiles 64 and 128 ms.
    (bar,) = drawn[0].figure.axes[2].collections[0].get_segments()
    assert bar[:, 0].tolist() == pytest.approx([2.0, 4.0])


def test_series_are_told_apart_and_each_is_joined(variants, monkeypatch):
    drawn = keep_drawings(monkeypatch, accuracy_cost)
    untimed = [replace(variant, timing=None) for variant in variants]
    series = {"small": {"3": "3", "5": "5"}, "large": {"7": "7", "9": "9"}}
    accuracy_cost.accuracy_cost_figure("a", series, untimed, TOPS)
    figure = drawn[0].figure
    assert len(figure.axes) == 2, "no panel of a time that was not measured"
    joined = [line for line in figure.axes[0].lines if line.get_zorder() == 1.5]
    assert [list(line.get_ydata()) for line in joined] == [[45.0], [75.0, 63.0]]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["small", "large"]
    assert "large, 7, 8.5 MACs (M), one image, mean of 2: 75.0 ± 63.5 %" in drawn[0].words
    assert drawn[0].description.startswith("small, 3: 8 MACs (M), one image, ")
