import webbrowser

import pytest
from finished import make_run

from ablations.records.run_file import save_run
from ablations.results.results import results_of
from reports.page.report_files import remove_tables, write_report

TOPS = {"3": [40.0, 50.0], "7": [80.0, 70.0]}


@pytest.fixture
def folder(tmp_path):
    run = make_run(tmp_path / "done", "kernel-size", TOPS)
    save_run(run)
    write_report(results_of(run), tmp_path / "done")
    return tmp_path / "done"


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_report_renders_again_to_the_same_bytes(run, folder):
    before = files(folder)
    (folder / "report.html").unlink()
    result = run("report", folder)
    assert (result.code, result.out, result.err) == (0, f"{folder / 'report.html'}\n", "")
    assert files(folder) == before


def test_a_moved_folder_is_rendered_where_it_lies(run, folder, tmp_path):
    moved = folder.rename(tmp_path / "moved")
    (moved / "report.html").unlink()
    assert run("report", moved).code == 0
    assert (moved / "report.html").exists() and not folder.exists()


def test_a_run_can_be_rendered_again(run, tmp_path):
    options = ["--sizes", "3", "7", "--seeds", "1", "--steps", "2", "--output", "out"]
    assert run("kernel-size", *options, "--baseline", "3").code == 0
    before = files(tmp_path / "out")
    assert (
        b"7 \xc3\x97 7: 15.5 M parameters" in before[next(p for p in before if p.suffix == ".html")]
    )
    assert run("report", "out").code == 0
    assert files(tmp_path / "out") == before


def test_compare_takes_folders_and_reports(run, folder, tmp_path):
    before = files(folder)
    for output in ("report.html", "run.json", "tables"):
        refused = run("compare", folder, folder, "--output", folder / output)
        assert refused.code == 2 and files(folder) == before
    lone = tmp_path / "lone.html"
    lone.write_bytes((folder / "report.html").read_bytes())
    refused = run("compare", lone, folder, "--output", lone)
    assert refused.code == 2 and "belongs to a compared run" in refused.err
    result = run("compare", folder, folder / "report.html", "--output", "changes.html")
    assert (result.code, result.out, result.err) == (0, "changes.html\n", "")
    assert "Two runs compared" in (tmp_path / "changes.html").read_text(encoding="utf-8")


def test_tables_of_another_run_do_not_stay(run, folder):
    (folder / "tables" / "mine.csv").write_text("kept")
    remove_tables(folder)
    other = make_run(folder, "group-channels", {"16": [60.0], "4": [61.0]})
    write_report(results_of(other), folder)
    names = {path.stem for path in (folder / "tables").iterdir()}
    assert names == {"group-channels", "mine"}


def test_open_opens_the_page(run, folder, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    assert run("report", folder, "--open").code == 0
    assert opened == [(folder / "report.html").as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    result = run("report", folder, "--open")
    assert result.code == 0 and result.err == "could not open a browser\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "gone"], "DIR gone: is not a directory"),
        (["report", "."], "DIR .: holds no run.json; it is no run's folder"),
        (["compare", "gone", "gone"], "A gone: no such file"),
        (
            ["compare", "done", "page.html"],
            "the page embeds no run; it is no report of this program",
        ),
        (["compare", "done", "done", "--output", "gone/page.html"], "gone is not a directory"),
        (["compare", "done"], "Missing argument 'B'"),
        (["kernel-size", "--baseline", "4"], "--baseline 4: must be one of: 3, 5, 7, 9"),
        (["kernel-size", "--baseline", "11"], "--baseline 11: must be one of: 3, 5, 7, 9"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(run, folder, tmp_path, arguments, message):
    (tmp_path / "page.html").write_text("<p>no report</p>")
    before = files(tmp_path)
    result = run(*arguments)
    assert result.code == 2 and message in result.err and result.err.count("\n") == 1
    assert files(tmp_path) == before
