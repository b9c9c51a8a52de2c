import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

from ablations.environment import describe_environment
from ablations.runs import Run
from ablations.settings import RunSettings, TrainSettings
from ablations.trials import TrialRecord
from ablations.variants import STUDIES
from ablations.verify import prove_study
from involution_core.architectures import ARCHITECTURES
from reports import plots
from reports.files import write_report
from reports.frames import accuracy_frame, cost_frame, study_frame
from reports.html import build_sections, render_report

NASTY = 'imagefolder:/data/<script>alert("x")</script>&'
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Ids, external references, text and the nesting of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.references, self.open, self.texts, self.rows = [], [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.ids.append(values["id"])
        self.references += [values[k] for k in ("src", "href", "xlink:href") if k in values]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if self.rows and self.rows[-1] and self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data.strip()

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def record(variant, seed, top1, failure=None):
    return TrialRecord(
        variant=variant,
        seed=seed,
        settings={},
        device="cpu",
        data="a <b>data set</b>",
        curve=(),
        top1=top1,
        costs={"params": 77_520, "operations": {"conv": 8_000_000, "involution": 960_000}},
        seconds=1.0,
        environment={"threads": str(seed + 1), "torch": "2"},
        failure=failure,
    )


@pytest.fixture(scope="module")
def study():
    return STUDIES["kernel-size"].study(["3", "7", "5"])


@pytest.fixture(scope="module")
def proofs(study):
    return prove_study(study, ARCHITECTURES["rednet50"])


@pytest.fixture
def finished(study, proofs, tmp_path):
    train = TrainSettings(dataset=NASTY, data_dir=Path("data"))
    three, seven, five = study.variants.values()
    records = [
        record(three, 0, 40.0),
        record(three, 1, 50.0),
        record(seven, 0, 80.0),
        record(seven, 1, None, "loss became nan at step <3>"),
        record(five, 0, None, "no space"),
        record(five, 1, None, "no space"),
    ]
    settings = RunSettings(tmp_path / "out", "rednet50", 2, train)
    environment = describe_environment(torch.device("cpu"))
    return Run([study], settings, {study.name: proofs}, records, environment, "typed 'as is'")


def test_frames_keep_raw_values(finished, study, proofs):
    frame = study_frame(study, proofs, finished.records)
    assert frame["value"].tolist() == ["3", "7", "5"]
    assert frame["top1_mean"].tolist()[:2] == [45.0, 80.0]
    assert frame["top1_sd"].tolist()[0] == pytest.approx(50**0.5)
    assert frame["top1_sd"].isna().tolist() == [False, True, True]
    assert frame["seeds"].tolist() == [2, 1, 0]
    assert frame["failed"].tolist() == [0, 1, 2]
    assert len(accuracy_frame(study, finished.records)) == 6


def test_the_table_shows_the_papers_row_beside_the_measured(finished):
    page = Page(render_report(finished, build_sections(finished)))
    rows = {row[0]: row[1:] for row in page.rows if row}
    assert rows["3 × 3"] == [
        "14.7", "2.4", "2.46", "14.7", "2.4", "76.9", "0.0775", "0.00896", "45.0", "±7.1", "2",
        "yes",
    ]  # fmt: skip
    assert rows["7 × 7"][-4:] == ["80.0", "–", "1", "yes"]
    assert rows["5 × 5"][-4:] == ["–", "–", "0", "yes"]


def test_the_page_stands_alone_and_is_whole(finished):
    page = Page(render_report(finished, build_sections(finished)))
    assert len(page.ids) == len(set(page.ids))
    assert all(reference.startswith("#") for reference in page.references)
    assert {r[1:] for r in page.references} <= set(page.ids)


def test_the_page_fetches_nothing(finished):
    text = render_report(finished, build_sections(finished))
    namespaces = r'xmlns(:\w+)?="[^"]*"'
    assert not re.search(r"https?://|@import|<script|<link", re.sub(namespaces, "", text))


def test_outside_text_is_escaped(finished):
    text = render_report(finished, build_sections(finished))
    assert "<script>alert" not in text and "<b>data set" not in text
    page = Page(text)
    assert NASTY in page.text
    assert "loss became nan at step <3>" in page.text


def test_a_short_run_never_passes_for_the_papers(finished):
    page = Page(render_report(finished, build_sections(finished)))
    assert "It is not the paper’s: the published column is RedNet-50 trained on" in page.text
    assert "Over 2 seeds an exact paired test cannot go below p = 0.5" in page.text
    assert "Published: RedNet-50, ImageNet, 224×224" in page.text
    assert f"Measured: RedNet-small, {NASTY}, 8 epochs, 2 seeds" in page.text
    assert "Counted: RedNet-50, 224×224, 1000 classes" in page.text


def test_the_environment_is_that_of_the_records(finished):
    page = Page(render_report(finished, build_sections(finished)))
    assert "threads 1 / 2 (trials differ)" in page.text
    assert "torch 2" in page.text


def test_figures_draw_the_data(study, finished, proofs, monkeypatch):
    drawn = {}

    def keep(name, draw):
        axes = Figure().add_subplot()
        draw(axes)
        drawn[name] = axes
        return ""

    monkeypatch.setattr(plots, "_svg", keep)
    labels = list(study.variants)
    plots.accuracy_figure("a", labels, "K", accuracy_frame(study, finished.records))
    dots = [line for line in drawn["a-accuracy"].lines if line.get_marker() == "o"]
    assert [list(line.get_ydata()) for line in dots] == [[40.0, 50.0], [80.0], []]
    means = [line.get_ydata() for line in drawn["a-accuracy"].lines if line.get_marker() == "_"]
    assert {45.0, 80.0} <= {float(y[0]) for y in means}
    low, high = drawn["a-accuracy"].get_ylim()
    assert high - low >= 10

    frame = cost_frame(proofs)
    plots.cost_figure("c", labels, "K", frame)
    bars = {bars.get_label(): [b.get_width() for b in bars] for bars in drawn["c-cost"].containers}
    assert list(bars) == ["rest", "reduce", "span", "aggregation"]
    for term, widths in bars.items():
        assert widths == pytest.approx((frame[term] / 1e9).tolist())


def test_attention_has_no_published_row_and_its_terms_are_named(finished, study):
    import dataclasses

    forms = STUDIES["kernel-generator"].study(["r=4", "attention"])
    rows = prove_study(forms, ARCHITECTURES["rednet50"])
    run = dataclasses.replace(finished, studies=[forms], proofs={forms.name: rows}, records=[])
    page = Page(render_report(run, build_sections(run)))
    cells = {row[0]: row[1:] for row in page.rows if row}
    assert cells["attention (softmax)"][:6] == ["18.0", "3.2", "3.36", "–", "–", "–"]
    assert cells["W₁σ(W₀), r = 4"][3:6] == ["15.5", "2.6", "77.7"]
    for name in ("to query", "to key", "to value", "query key", "softmax (5 per weight)"):
        assert name in page.text
    before = Page(render_report(finished, build_sections(finished)))
    assert "to query" not in before.text and "softmax" not in before.text


def test_other_networks_are_not_set_beside_the_paper(study, finished, proofs):
    import dataclasses

    settings = dataclasses.replace(finished.settings, cost_model="rednet26")
    page = Page(
        render_report(*(lambda r: (r, build_sections(r)))(
            dataclasses.replace(finished, settings=settings)
        ))
    )  # fmt: skip
    assert "Published: RedNet-50" not in page.text


def test_both_conventions_are_named(finished):
    page = Page(render_report(finished, build_sections(finished)))
    assert "without the involution's own HW K² C; cut, not rounded" in page.text
    assert "the stem's involution is 7x7" in page.text


def test_the_same_records_give_the_same_bytes(finished, tmp_path):
    first = write_report(finished).read_bytes()
    table = (tmp_path / "out" / "tables" / "kernel-size.csv").read_bytes()
    assert write_report(finished).read_bytes() == first
    assert (tmp_path / "out" / "tables" / "kernel-size.csv").read_bytes() == table
    assert b"3,14745446," in table


def test_a_difference_is_shown_open(finished, study, proofs):
    import dataclasses

    from ablations.verify import Mismatch

    wrong = dataclasses.replace(
        proofs[0], mismatches=(Mismatch("stem.3", "params span", "closed form", 1, "fvcore", 2),)
    )
    run = dataclasses.replace(finished, proofs={study.name: [wrong, *proofs[1:]]})
    assert not run.verified
    text = render_report(run, build_sections(run))
    assert "NOT equal to the closed form" in text
    assert "stem.3, params span: closed form 1, fvcore 2" in text
    assert text.count("<details open>") == 1
