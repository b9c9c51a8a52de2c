"""The tables as text, held against files that were read and found right."""

from pathlib import Path

import pytest
from finished import NASTY, make_run
from typesetting import typeset

from ablations.results.results import results_of
from reports.page.html_pages import render_report
from reports.page.sections import build_sections

GOLDEN = Path(__file__).parent / "golden"
TOPS = {"3": [40.0, 50.5, 41.0], "7": [80.0, 71.25, None], "11": [None, None, None]}


@pytest.fixture
def section():
    (made,) = build_sections(results_of(make_run("out", "kernel-size", TOPS)))
    return made


@pytest.mark.parametrize("ending", ["csv", "md", "tex"])
def test_tables_are_as_they_were_found_right(section, ending):
    golden = GOLDEN / f"kernel-size.{ending}"
    assert section.table.texts[ending] == golden.read_text(encoding="utf-8")


def test_the_table_of_the_page_is_as_it_was_found_right():
    results = results_of(make_run("out", "kernel-size", TOPS))
    page = render_report(results, build_sections(results))
    table = page[page.index('<table class="results">') :]
    golden = GOLDEN / "kernel-size.html"
    assert table[: table.index("</table>")] == golden.read_text(encoding="utf-8")


def test_latex_is_ascii_and_closes_what_it_opens(section):
    text = section.table.texts["tex"]
    assert text.isascii()
    assert text.count(r"\begin{") == text.count(r"\end{") == 2 + 6
    body = text[text.index(r"\midrule") :].splitlines()[1:4]
    assert all(line.count(" & ") == 5 and line.endswith(r" \\") for line in body)
    assert NASTY not in text and r"\textless{}script\textgreater{}" in text


def test_latex_compiles_whatever_the_data_set_is_called(section, tmp_path):
    typeset(section.table.texts["tex"], tmp_path)
    run = make_run("out", "kernel-size", TOPS, dataset='imagefolder:/Bilder/é漢~^#%&$_{}|<>"\\')
    typeset(build_sections(results_of(run))[0].table.texts["tex"], tmp_path)


@pytest.mark.parametrize(
    ("study", "tops"),
    [
        ("kernel-size", {"3": [49.0, 50.5, 41.0], "7": [60.0, 71.25, 65.0]}),
        ("kernel-generator", {"r=16": [49.0, 50.5, 41.0], "r=4": [60.0, 71.25, 65.0]}),
    ],
)
def test_latex_fits_an_article(study, tops, tmp_path):
    (made,) = build_sections(results_of(make_run("out", study, tops, dataset="digits")))
    assert "Overfull" not in typeset(made.table.texts["tex"], tmp_path)


def test_markdown_cells_cannot_break_the_table(section):
    lines = section.table.texts["md"].splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2 + len(TOPS)
    pipes = [row.replace("\\|", "").count("|") for row in rows]
    assert len(set(pipes)) == 1
    assert "<script>" not in section.table.texts["md"]
