import pytest
from drawings import keep_drawings
from finished import make_run

from ablations.results.results import results_of
from reports.figures import accuracy
from reports.figures.drawing import SMALLEST_SPAN

TOPS = {"3": [40.0, 50.0], "7": [80.0, 70.0], "5": [None, None], "9": [62.0, 64.0]}


@pytest.fixture
def variants():
    return results_of(make_run("out", "kernel-size", TOPS)).studies[0].variants


def test_every_seed_is_a_dot_and_every_mean_has_its_interval(variants, monkeypatch):
    drawn = keep_drawings(monkeypatch, accuracy)
    accuracy.accuracy_figure(
        "a", {name: name for name in TOPS}, {name: (name,) for name in TOPS}, "K", variants
    )
    (axes,) = drawn[0].figure.axes
    dots = [line.get_ydata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert dots == [40.0, 50.0, 80.0, 70.0, 62.0, 64.0]
    assert "3, seed 1: 50.0 %" in drawn[0].words
    assert "3, mean of 2: 45.0 ± 63.5 %" in drawn[0].words
    assert drawn[0].description.startswith("3 45.0 ± 63.5 %; 7 75.0 ± 63.5 %; 9 63.0")
    low, high = axes.get_ylim()
    assert high - low >= SMALLEST_SPAN


def test_a_small_difference_does_not_fill_the_axis(monkeypatch):
    drawn = keep_drawings(monkeypatch, accuracy)
    run = make_run("out", "kernel-size", {"3": [50.0], "7": [50.5]})
    variants = results_of(run).studies[0].variants
    accuracy.accuracy_figure("a", {"3": "3", "7": "7"}, {"3": ("3",), "7": ("7",)}, "K", variants)
    low, high = drawn[0].figure.axes[0].get_ylim()
    assert high - low == SMALLEST_SPAN
