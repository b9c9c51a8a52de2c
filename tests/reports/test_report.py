import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from finished import NASTY, make_run

from ablations.costs.proof import Mismatch
from ablations.costs.proof_suite import prove_study
from ablations.costs.prover import prove
from ablations.records.run_file import load_run
from ablations.results.results import results_of
from ablations.study.variants import Variant
from involution_core.networks.architectures import ARCHITECTURES
from reports.page.html_pages import render_report
from reports.page.report_files import write_report
from reports.page.sections import build_sections


def render(run):
    results = results_of(run)
    return render_report(results, build_sections(results))


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


@pytest.fixture
def finished(tmp_path):
    """Two seeds: 3 finished both, 7 one, 5 none."""
    tops = {"3": [40.0, 50.0], "7": [80.0, None], "5": [None, None]}
    return make_run(tmp_path / "out", "kernel-size", tops, data_dir=Path("data"))


@pytest.fixture
def study(finished):
    return finished.studies[0]


@pytest.fixture
def rows(finished, study):
    return finished.proofs[study.name]


@pytest.fixture
def page(finished):
    return Page(render(finished))


def test_the_table_shows_the_papers_row_beside_the_measured(page):
    rows = {row[0]: row[1:] for row in page.rows if row}
    assert rows["3 × 3"] == [
        "14.7", "2.4", "2.46", "14.7", "2.4", "76.9", "0.0700", "0.00800", "45.0 ± 63.5 (2)",
        "−40.0 (1)", "1000", "40", "yes",
    ]  # fmt: skip
    assert rows["7 × 7"][-5:] == ["80.0 (1)", "–", "900", "41", "yes"]
    assert rows["5 × 5"][-5:] == ["–", "–", "–", "–", "yes"]


def test_the_page_stands_alone_and_is_whole(page):
    assert len(page.ids) == len(set(page.ids))
    assert all(reference.startswith("#") for reference in page.references)
    assert {r[1:] for r in page.references} <= set(page.ids)


def test_the_page_fetches_nothing(finished):
    text = render(finished)
    namespaces = r'xmlns(:\w+)?="[^"]*"'
    assert not re.search(r"https?://|@import|<script src|<link", re.sub(namespaces, "", text))


def test_outside_text_is_escaped(finished, page):
    text = render(finished)
    assert "<script>alert" not in text and "<b>data set" not in text
    assert NASTY in page.text
    assert "loss became nan at step <3>" in page.text
    assert "typed 'as is' <&>" in page.text


def test_what_comes_in_which_order(page):
    sections = ["verdict", "tables", "figures", "verification", "failures", "settings", "method"]
    assert [name for name in page.ids if name in sections] == sections


def test_a_short_run_never_passes_for_the_papers(page):
    assert "It is not the paper’s: the published networks were trained on ImageNet" in page.text
    assert "Published: RedNet-50, ImageNet, 224×224" in page.text
    assert f"Measured: RedNet-small, {NASTY}, 8 epochs, 2 seeds" in page.text
    assert "Counted: RedNet-50, 224×224, 1000 classes" in page.text


def test_the_page_says_which_split_was_judged(page, finished):
    assert "on the test split, after the last step" in page.text
    assert "Top-1 on the test split while training, RedNet-small" in page.text
    assert "Top-1 is that of the last step on the test split" in page.text
    assert "other seeds on the same test images" in page.text
    assert "a variant on validation images ( --split validation holds out 20 %" in page.text
    assert "validation split" not in page.text
    train = replace(finished.settings.train, dataset="digits", split="validation")
    run = replace(finished, settings=replace(finished.settings, train=train))
    other = Page(render(run)).text
    assert "Measured: RedNet-small, digits (validation split), 8 epochs, 2 seeds" in other
    assert "on the validation split, after the last step" in other
    assert "Top-1 on the validation split while training, RedNet-small" in other
    assert "Top-1 is that of the last step on the validation split" in other
    assert "other seeds on the same validation images" in other
    assert "The test split was not used. Validation images serve for choices" in other
    claims = other.replace("accuracies on its test split", "")  # of how the data set was made
    assert "on the test split" not in claims.replace("report it on the test split, once", "")


def test_what_is_missing_is_named_with_its_reason(finished, page):
    assert "Kernel size, 5 × 5: no Top-1, all 2 trials failed." in page.text
    assert "Kernel size, 7 × 7: Top-1 over 1 of 2 seeds, the others failed." in page.text
    assert "Kernel size, 7 × 7: no interval, there is one seed." in page.text
    assert "3 × 3: 1 pair, the baseline has no Top-1 at the other seeds." in page.text
    whole = make_run("out", "kernel-size", {"3": [40.0, 50.0], "7": [60.0, 65.0]})
    assert "5 × 5: no speed and memory: out of <memory>" in page.text
    text = Page(render(whole)).text
    assert "No trial failed." in text and "No cell is missing." in text
    odd = make_run("out", "kernel-size", {"11": [40.0, 50.0], "7": [60.0, 60.0]})
    text = Page(render(odd)).text
    assert "11 × 11: no published figures: there is no such row in the paper." in text
    assert "7 × 7: no interval, all seeds gave the same Top-1." in text


def test_the_environment_is_that_of_the_records(page):
    assert "threads 1 / 2 (measurements differ)" in page.text
    assert "torch 2" in page.text


def test_the_run_rides_along(finished, tmp_path):
    report = write_report(results_of(finished), tmp_path / "out")
    assert load_run(report, "a") == finished


def test_attention_has_no_published_row_and_its_terms_are_named(page):
    run = make_run("out", "kernel-generator", {"r=4": [60.0], "attention": [50.0]})
    other = Page(render(run))
    cells = {row[0]: row[1:] for row in other.rows if row}
    assert cells["attention (softmax)"][:6] == ["18.0", "3.2", "3.36", "–", "–", "–"]
    assert cells["W₁σ(W₀), r = 4"][3:6] == ["15.5", "2.6", "77.7"]
    for name in ("to query", "to key", "to value", "query key", "softmax (5 per weight)"):
        assert name in other.text
    assert "to query" not in page.text and "softmax" not in page.text


def test_other_networks_are_not_set_beside_the_paper(finished):
    proofs = {study.name: prove_study(study, "rednet26") for study in finished.studies}
    settings = replace(finished.settings, cost_model="rednet26")
    run = replace(finished, settings=settings, proofs=proofs)
    assert "Published: RedNet-50" not in Page(render(run)).text


def test_both_conventions_are_named(page):
    assert "without the involution's own HW K² C; cut, not rounded" in page.text
    assert "the stem's involution is 7x7" in page.text


def test_the_same_records_give_the_same_bytes(finished, tmp_path):
    def everything():
        write_report(results_of(finished), tmp_path / "out")
        return {p.name: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}

    first = everything()
    assert everything() == first
    assert b"\n3,14745446," in first["kernel-size.csv"]


def test_a_difference_is_shown_open(finished, study, rows):
    mismatch = Mismatch("stem.3", "params span", "closed form", 1, "fvcore", 2)
    wrong = replace(rows[0], mismatches=(mismatch,))
    run = replace(finished, proofs={study.name: [wrong, *rows[1:]]})
    assert not run.verified
    text = render(run)
    assert "do NOT equal the closed form" in text
    assert "stem.3, params span: closed form 1, fvcore 2" in text
    assert text.count("<details open>") == 1
    apart = replace(rows[0], mismatches=(Mismatch("", "MACs", "fvcore", 1, "FlopCounterMode", 2),))
    text = render(replace(finished, proofs={study.name: [apart, *rows[1:]]}))
    assert "do NOT equal FlopCounterMode&#39;s; see Verification" in text


def test_a_resnets_proof_has_dashes_for_what_its_layers_lack(finished, study, rows):
    small, first = ARCHITECTURES["resnet-small"], rows[0]
    resnet = prove(small, Variant(family="resnet"), study=study.name, name=first.name)
    run = replace(finished, proofs={study.name: [resnet, *rows[1:]]})
    page = Page(render(run))
    layers = {row[0]: row[1:] for row in page.rows if row and row[0].startswith("stages.")}
    assert layers["stages.0.1.spatial"][2:4] == ["4", "4"], "G and r of an involution"
    (convolution,) = [row for row in page.rows if row[-1:] == ["convolution 36864"]]
    assert convolution == [
        "stages.1.0.spatial", "64", "3", "–", "–", "2", "64", "parameters", "convolution 36864",
    ]  # fmt: skip


def test_two_hundred_trials_take_no_longer_than_their_share(finished):
    """Work, not time: the number of elements grows with the trials and no faster."""

    def elements(seeds):
        tops = {value: [50.0 + seed % 7 for seed in range(seeds)] for value in ("3", "5", "7", "9")}
        run = make_run("out", "kernel-size", tops)
        return render(run).count("<")

    few, more, most = elements(5), elements(10), elements(50)
    assert most - more <= 8.5 * (more - few)
