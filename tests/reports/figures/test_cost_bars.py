import pytest
from drawings import keep_drawings
from finished import make_run

from ablations.results.results import results_of
from reports.figures import cost_bars

TOPS = {"3": [40.0, 50.0], "7": [80.0, 70.0], "5": [None, None], "9": [62.0, 64.0]}


@pytest.fixture
def variants():
    return results_of(make_run("out", "kernel-size", TOPS)).studies[0].variants


def test_costs_are_stacked_by_term(variants, monkeypatch):
    drawn = keep_drawings(monkeypatch, cost_bars)
    cost_bars.cost_figure("a", {name: name for name in TOPS}, "K", variants)
    (axes,) = drawn[0].figure.axes
    bars = {bars.get_label(): [b.get_width() for b in bars] for bars in axes.containers}
    assert list(bars) == ["rest", "reduce", "span", "aggregation"]
    for term, widths in bars.items():
        assert widths == pytest.approx([variant.macs_by_term[term] / 1e9 for variant in variants])
    ends = [bar.get_x() + bar.get_width() for bar in axes.containers[-1]]
    assert ends == pytest.approx([variant.macs / 1e9 for variant in variants])
    assert "7, span: 0.159 G" in drawn[0].words
