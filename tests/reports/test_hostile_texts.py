"""Names that would be markup, mathematics or a formula stand in the report as what they are."""

import re

import pytest
from finished import run_of
from typesetting import typeset

from ablations.results.columns import DataColumn
from ablations.results.results import results_of
from ablations.study.builder import StudyFile, make_study
from reports.figures.svg import draw_svg
from reports.page.report_files import write_report
from reports.tables.formats import all_formats
from reports.tables.table import Column, Table

FOLDERS = ("ba$$in", "$\\frac", "[red]\u202elive", '#0072b2 id="x" <b>', "漢字ąĐ«»þ", "_^{&}%~")
TITLE = "[b] $x$ \\input{x} <i> | =1+1 \u2066"


@pytest.fixture
def written(tmp_path):
    """The report's page and, by ending, the study's table."""
    folders = tuple(f"imagefolder:{name}" for name in FOLDERS)
    study = make_study(StudyFile("hostile", TITLE, {"dataset": folders}))
    tops = {name: [40.0 + place, 50.0] for place, name in enumerate(study.variants)}
    run = run_of(tmp_path / "out", study, tops, dataset=folders[0])
    page = write_report(results_of(run), tmp_path / "out").read_text(encoding="utf-8")
    tables = {p.suffix: p.read_text("utf-8") for p in (tmp_path / "out" / "tables").iterdir()}
    return page, tables


def test_names_are_text_in_all_that_is_written(written, tmp_path):
    page, tables = written
    figures = "".join(re.findall("<svg.*?</svg>", page, re.S))
    texts = "\n".join(re.findall("<text[^>]*>(.*?)</text>", figures, re.S))
    for name in ("ba$$in", "$\\frac", r"[red]\u202elive", '#0072b2 id="x" &lt;b&gt;'):
        assert f"imagefolder:{name}" in texts
    shown = page[: page.index('<script type="application/json"')]
    for text in (shown, *tables.values()):
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", text)
    assert "<b>" not in figures and "<h3>[b] $x$ \\input{x} &lt;i&gt; | =1+1 \\u2066</h3>" in shown
    assert re.findall(r"(?:href|src)\s*=\s*\"(?!#)", shown) == [], "no path is linked"
    assert r"\[red\]" in tables[".md"] and r"\$\$in" in tables[".md"]
    typeset(tables[".tex"], tmp_path)


def test_a_label_that_begins_like_no_label_stands_in_the_legend():
    from reports.figures.drawing import WIDE, draw_legend

    def draw(figure, marks):
        handles = figure.add_subplot().plot([1, 2])
        draw_legend(figure, handles, ["_mine:net"], WIDE, handlelength=1)

    assert ">_mine:net<" in draw_svg("one", "T", "D", draw)


@pytest.mark.parametrize("first", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "plain"])
def test_a_spreadsheet_computes_no_text(first, tmp_path):
    columns = (Column("name", lambda item: item, numeric=False),)
    csv = (DataColumn("name", lambda item: item), DataColumn("number", lambda item: -1.5))
    texts = all_formats(Table("T", columns, csv, [first], lambda item: False))
    kept = first.replace("\t", r"\t").replace("\r", r"\r")
    assert texts["csv"] == f"name,number\n{kept if first == 'plain' else chr(39) + kept},-1.5\n"


def test_what_begins_a_row_is_no_argument_of_the_one_before(tmp_path):
    columns = (Column("name", lambda item: item, numeric=False),)
    items = ["[3cm]", "*", "漢:net", "&", "ąęÞ"]
    text = all_formats(Table("[T]", columns, (), items, lambda item: False))["tex"]
    typeset(text, tmp_path)
