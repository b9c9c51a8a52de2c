import pytest
from drawings import keep_drawings
from tuned import TRIED, TUNED, tuning_of

from reports.figures import tuning_curves
from reports.figures.drawing import SINGLE

SERIES = {"": {name: name for name in TRIED}}


@pytest.fixture
def drawn(monkeypatch):
    return keep_drawings(monkeypatch, tuning_curves)


def test_every_seed_is_a_dot_and_every_choice_has_a_ring(drawn):
    tuning_curves.tuning_figure("a", SERIES, tuning_of())
    (axes,) = drawn[0].figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.01", "0.1", "0.3"]
    assert list(axes.get_xticks()) == pytest.approx([-2, -1, -0.5229], abs=1e-4)
    rings = [line for line in axes.lines if line.get_markersize() == 11]
    assert [ring.get_ydata()[0] for ring in rings] == [61.0, 55.5, 58.5]
    assert "3, learning rate 0.3, seed 1000001: 62.0 %" in drawn[0].words
    assert "3, learning rate 0.3, mean of 2: 61.0 ± 12.7 %, chosen" in drawn[0].words
    assert "5, learning rate 0.3, mean of 1: 90.0 %, 1 failed" in drawn[0].words
    assert drawn[0].description.startswith("3 chose learning rate 0.3, 61.0 ± 12.7 %; 5 chose")
    assert drawn[0].size == SINGLE


@pytest.mark.parametrize(
    ("levels", "places"),
    [
        ("weight_decay = [1e-4, 0, 1e-2]", [0, 1, 2]),
        ('optimizer = ["sgd", "adamw"]', [0, 1]),
        ("momentum = [0.9, 0.1, 0.91]", [0, 1, 2]),
    ],
)
def test_what_has_no_place_by_its_logarithm_stands_side_by_side(drawn, levels, places):
    text = TUNED.replace("lr = [0.3, 0.01, 0.1]", levels)
    tuning_curves.tuning_figure(
        "a", SERIES, tuning_of(text, {name: TRIED[name][: len(places)] for name in TRIED})
    )
    assert list(drawn[0].figure.axes[0].get_xticks()) == places


def test_there_is_no_figure_of_nothing_nor_of_too_many_panels():
    nothing = {name: [[None, None]] * 3 for name in TRIED}
    assert tuning_curves.tuning_figure("a", SERIES, tuning_of(tried=nothing)) is None
    text = TUNED.replace("seeds = 2", f"epochs = {[*range(1, 14)]}\nseeds = 1")
    many = {name: [[50.0]] * 39 for name in TRIED}
    assert tuning_curves.tuning_figure("a", SERIES, tuning_of(text, many)) is None
