import pytest
from drawings import keep_drawings

import ablations.costs.proof_suite
import ablations.costs.published
from ablations.costs.conventions import ENVELOPE
from ablations.costs.published import envelope
from reports.figures import published_envelopes as envelopes
from reports.figures.svg import COLOURS


@pytest.fixture(scope="module")
def proofs():
    """The proofs of the smallest networks of the figures."""
    smallest = {family: points[:1] for family, points in envelope().items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ablations.costs.published, "envelope", lambda: smallest)
        patch.setattr(ablations.costs.published, "ENVELOPE_DEPTHS", (26,))
        patch.setattr(ablations.costs.proof_suite, "ENVELOPE_DEPTHS", (26,))
        return ablations.costs.proof_suite.prove_envelope()


@pytest.fixture
def counted(proofs):
    return envelopes.counted_points(proofs)


@pytest.fixture
def drawn(counted, monkeypatch):
    """What was drawn, instead of SVG."""
    kept = keep_drawings(monkeypatch, envelopes)
    envelopes.published_figure(counted)
    return kept[0]


def test_both_panels_hold_every_published_curve(drawn):
    figure, words, described = drawn.figure, drawn.words, drawn.description
    assert [axes.get_xlabel() for axes in figure.axes] == ["FLOPs (G)", "#Params (M)"]
    for axes, quantity in zip(figure.axes, ("flops_g", "params_m"), strict=True):
        curves = [
            (line.get_color(), list(line.get_xdata()), list(line.get_ydata()))
            for line in axes.lines
            if line.get_linestyle() != "None" and len(line.get_xdata())
        ]
        for family, points in envelope().items():
            costs = [getattr(point, quantity) for point in points]
            colour = COLOURS[envelopes.FAMILY_LINES[family][0]]
            assert (colour, costs, [point.top1_percent for point in points]) in curves
        assert len(curves) == 9
    assert "SAN (patchwise), published: 3.3 G, 78.5 %" in words
    assert "RedNet, published: 34.0 M, 79.3 %" in words
    assert len(words) == len(set(words)) == 2 * (32 + 2)
    assert "Axial Attention (full): 78.1 % at 3.31 G and 12.5 M, " in described


def test_counted_costs_are_rings_at_the_published_top1(drawn, counted):
    figure, words, described = drawn.figure, drawn.words, drawn.description
    for axes, quantity in zip(figure.axes, ("flops_g", "params_m"), strict=True):
        rings = [
            (line.get_xdata()[0], line.get_ydata()[0])
            for line in axes.lines
            if line.get_fillstyle() == "none" and len(line.get_xdata())
        ]
        assert rings == [(getattr(point, quantity), point.top1_percent) for point in counted]
        assert [top1 for _, top1 in rings] == [73.6, 75.9]
    assert "RedNet-26, counted here: 1.71 G; published: 75.9 %" in words
    assert "ResNet-26, counted here: 13.70 M; published: 73.6 %" in words
    assert described.endswith(
        "Counted here: ResNet-26 2.36 G and 13.7 M, RedNet-26 1.71 G and 9.2 M"
    )


def test_families_are_told_apart_without_colour():
    lines = envelopes.FAMILY_LINES
    assert set(lines) == set(envelope())
    assert len({marker for _, marker, _ in lines.values()}) == len(lines)


def test_the_legend_names_all_and_covers_nothing(drawn):
    figure = drawn.figure
    figure.draw_without_rendering()
    (legend,) = figure.legends
    named = [text.get_text() for text in legend.get_texts()]
    assert named == [*envelopes.FAMILY_LINES, "costs counted here"]
    boxes = [text.get_window_extent() for text in legend.get_texts()]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :]), named[i]
    frame = legend.get_window_extent()
    assert frame.x0 >= 0 and frame.x1 <= figure.bbox.x1
    assert all(not axes.get_tightbbox().overlaps(frame) for axes in figure.axes)


def test_the_svg_is_one_picture_of_the_page(counted):
    svg = envelopes.published_figure(counted)
    assert svg == envelopes.published_figure(counted)
    assert svg.count('class="mark"') == 2 * (32 + 2)
    assert "var(--ink)" in svg and "var(--vermillion)" in svg and "#d55e00" not in svg


def test_counts_are_in_the_figures_convention(proofs, counted):
    assert counted[1].flops_g == ENVELOPE.count(proofs[1].operations) / 1e9
    assert counted[1].params_m == 9.233166
