"""What reaches a terminal is text, whatever was in it, and what it cannot show ends nothing."""

import io
import os
import re
import subprocess
import sys

import pytest
from finished import make_run
from rich.progress import Progress, TextColumn
from terminal import without_controls

from ablations.records.run_file import save_run
from ablations.texts import inert
from involution_ablate.commands.shared.screens import Outlet, Screen
from reports.screen.inert_console import InertConsole

ACTING = "\x1b]0;x\x07\x9b31m\r\x08\u202e\u200b\u2028\udcff"
"""Sets a title and a colour, returns, goes back, turns the direction, is not seen, ends a line."""

COSTS = ["kernel-generator", "--forms", "W", "r=4", "--no-train", "--cost-model", "rednet-small"]


def test_what_acts_is_shown_as_an_escape():
    shown = r"\x1b]0;x\x07\x9b31m\r\x08\u202e\u200b\u2028\xff"
    assert inert(ACTING) == shown
    assert inert("a\nb\tc") == r"a\nb\tc" and inert("a\nb", kept="\n") == "a\nb"
    for kept in ("W₁σ(W₀), 7 × 7", "数据", "עברית", "नि\u200dनि", "🧑\u200d🔬"):
        assert inert(kept) == kept


def test_a_saved_run_reaches_no_terminal(run, tmp_path):
    (tmp_path / "run.json").write_text('{"format": "\\u001b]0;x\\u0007\\u202e"}')
    for command in (["run", "run.json"], ["report", "."], ["compare", "run.json", "run.json"]):
        result = run(*command)
        assert result.code == 2 and result.err.count("\n") == 1
        assert r"it has format \x1b]0;x\x07\u202e, and this version reads" in result.err


@pytest.mark.parametrize(
    "typed",
    [
        ["run", f"{ACTING}.toml"],
        ["report", f"a\n{ACTING}"],
        ["all", "--dataset", f"imagefolder:{ACTING}"],
        ["all", "--data-dir", ACTING],
        ["all", "--device", ACTING],
        ["all", f"--{ACTING}"],
        [ACTING],
    ],
)
def test_a_command_line_reaches_no_terminal(run, typed):
    result = run(*typed)
    assert result.code == 2 and result.out == ""
    assert result.err.count("\n") == 1 and not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", result.err
    )


def test_a_folder_of_two_lines_is_one_line(run, tmp_path):
    save_run(make_run(tmp_path / "a\nb", "kernel-size", {"3": [40.0], "7": [50.0]}))
    assert run("report", "a\nb").out == r"a\nb/report.html" + "\n"


def test_the_live_view_prints_markup_and_emoji_as_they_are_and_lets_nothing_act():
    console = InertConsole(io.StringIO(), force_terminal=True, width=160)
    text = f"imagefolder:[red]:smile:[/] {ACTING.removesuffix(chr(0xDCFF))}"
    with Progress(TextColumn("{task.description}", markup=False), console=console) as bars:
        bars.add_task(text)
        console.print(text)
    screen = without_controls(console.file.getvalue())
    assert screen.count(r"imagefolder:[red]:smile:[/] \x1b]0;") >= 2
    assert not re.search("[\x07\x08\x1b\x9b\u200b\u202e\u2028]", screen)


def on_screen(arguments, tmp_path, shell="", **environment):
    """Runs the command line in a shell, its standard output where the shell leads it."""
    program = [sys.executable, "-m", "cli", *arguments]
    command = ["sh", "-c", f'"$@" {shell}', "sh", *program] if shell else program
    return subprocess.run(
        command, cwd=tmp_path, capture_output=True, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "ascii", "utf-8"])
def test_what_a_screen_lacks_is_replaced(encoding):
    stream = io.TextIOWrapper(io.BytesIO(), encoding, errors="strict")
    screen = Screen(Outlet(stream))
    print("W₁σ(W₀) \udcff \x1b[31m 漢", file=screen, flush=True)
    shown = "W₁σ(W₀) \\xff \\x1b[31m 漢\n"
    assert stream.buffer.getvalue() == shown.encode(encoding, "replace")


@pytest.mark.parametrize("end", ["", "| head -n 1"])
def test_a_report_is_written_whatever_the_screen_is(tmp_path, end):
    done = on_screen([*COSTS, "--output", "out"], tmp_path, end, PYTHONIOENCODING="cp1252")
    progress = [line for line in done.stderr.splitlines() if line.startswith(b"[costs] ")]
    assert (done.returncode, done.stderr.splitlines()) == (0, progress)
    assert end or b"W??(W?), r = 4" in done.stdout
    assert "W₁σ(W₀), r = 4" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("end", ["| head -n 1", ">&-", "2>&-", "> /dev/full", "> /dev/null"])
@pytest.mark.parametrize("encoding", ["ascii:strict", "utf-8"])
def test_a_screen_that_goes_away_or_is_poor_ends_nothing(tmp_path, end, encoding):
    done = on_screen(["kernel-generator", "--help"], tmp_path, end, PYTHONIOENCODING=encoding)
    if end == "> /dev/full":
        full = b"involution-ablate: standard output: No space left on device\n"
        assert (done.returncode, done.stderr) == (1, full)
    else:
        assert (done.returncode, done.stderr) == (0, b"")
