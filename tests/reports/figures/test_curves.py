import pytest
from drawings import keep_drawings
from finished import make_run

from ablations.results.results import results_of
from reports.figures import curves
from reports.figures.drawing import WIDE

TOPS = {"3": [40.0, 50.0], "7": [80.0, 70.0], "5": [None, None], "9": [62.0, 64.0]}


@pytest.fixture
def variants():
    return results_of(make_run("out", "kernel-size", TOPS)).studies[0].variants


def test_curves_have_a_band_over_the_seeds(variants, monkeypatch):
    drawn = keep_drawings(monkeypatch, curves)
    curves.curves_figure("a", {"": {name: name for name in TOPS}}, variants)
    (axes,) = drawn[0].figure.axes
    assert len(axes.collections) == 3, "the variant that failed has no curve"
    assert "3, step 50: mean 22.5 %, 20.0 to 25.0 over the seeds" in drawn[0].words
    assert drawn[0].description == "Mean Top-1 at the end: 3 45.0 %; 7 75.0 %; 9 63.0 %"


def test_curves_of_series_stand_in_panels_with_one_legend(variants, monkeypatch):
    drawn = keep_drawings(monkeypatch, curves)
    series = {"small": {"3": "first", "5": "last"}, "large": {"7": "first", "9": "last"}}
    curves.curves_figure("a", series, variants)
    figure = drawn[0].figure
    assert [axes.get_title() for axes in figure.axes] == ["small", "large"]
    assert [len(axes.collections) for axes in figure.axes] == [1, 2]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["first", "last"]
    assert drawn[0].size == WIDE
