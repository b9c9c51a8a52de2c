"""What a report of somebody else names as code is not run unasked."""

import json

import pytest
from studies import NETWORK, SETTINGS

from ablations import load_results
from ablations.records.files import sealed

MARKS = "from pathlib import Path\nPath('imported').touch()\n" + NETWORK
STUDY = 'name = "own"\n[axes]\nfamily = ["rednet", "mine_theirs:Net"]\n' + SETTINGS


@pytest.fixture
def theirs(run, write_module, tmp_path):
    """A run whose network has changed since, in the folder `out`."""
    write_module("mine_theirs", MARKS)
    (tmp_path / "study.toml").write_text(STUDY)
    assert run("run", "study.toml", "--no-train", "--output", "out").code == 0
    assert run("run", "out/report.html", "--output", "same").code == 0, "the same code runs"
    write_module("mine_theirs", MARKS + "# changed\n")
    (tmp_path / "imported").unlink()
    return tmp_path


@pytest.mark.parametrize("typed", ["run out/report.html", "run out --no-train", "run out/run.json"])
def test_it_is_shown_and_refused(run, theirs, typed):
    result = run(*typed.split(), "--output", "again")
    assert result.code == 2
    assert result.err.count("\n") == 1 and result.out == ""
    assert f"mine_theirs:Net; {theirs / 'mine_theirs.py'} (sha256 " in result.err
    assert result.err.endswith(
        ") is not what ran there. Read it, and give --trust-code to run it\n"
    )
    assert not (theirs / "imported").exists() and not (theirs / "again").exists()
    assert run(*typed.split(), "--output", "again", "--trust-code").code == 0
    assert (theirs / "imported").exists()


def test_a_plan_and_a_run_without_a_record_of_its_code_are_refused_too(run, theirs):
    saved = json.loads((theirs / "out" / "run.json").read_text())
    saved["code"] = {}
    (theirs / "old.json").write_text(json.dumps(sealed(saved)))
    result = run("run", "old.json")
    assert result.code == 2 and "may be anything: none is recorded" in result.err
    saved["settings"]["train"] = {}
    (theirs / "old.json").write_text(json.dumps(sealed(saved)))
    result = run("plan", "run", "old.json")
    assert result.code == 2 and "mine_theirs:Net" in result.err
    (theirs / "mine_theirs.py").unlink()
    result = run("run", "old.json")
    assert result.code == 2 and "no file of that module is found here" in result.err
    assert not (theirs / "imported").exists()


def test_showing_a_run_needs_none_of_its_code(run, theirs):
    assert run("report", "out").code == 0
    assert run("compare", "out", "same").code == 0
    load_results("out")
    assert not (theirs / "imported").exists()


def test_a_file_that_is_typed_is_trusted(run, theirs):
    assert run("run", "study.toml", "--no-train").code == 0
    assert (theirs / "imported").exists()


def test_trained_networks_run_no_other_code_than_theirs(run, write_module, tmp_path):
    write_module("mine_theirs", MARKS)
    (tmp_path / "study.toml").write_text(STUDY.replace('"rednet", ', ""))
    assert run("run", "study.toml", "--save-weights", "--output", "out").code == 0
    (weights,) = (tmp_path / "out" / "weights").iterdir()
    assert run("evaluate", "--weights", weights).code == 0, "the same code runs"
    write_module("mine_theirs", MARKS + "# changed\n")
    (tmp_path / "imported").unlink()
    result = run("evaluate", "--weights", weights)
    assert result.code == 2 and result.err.count("\n") == 1
    assert "mine_theirs:Net; " in result.err and "give --trust-code to run it" in result.err
    assert not (tmp_path / "imported").exists()
    assert run("evaluate", "--weights", weights, "--trust-code").code == 0
    assert (tmp_path / "imported").exists()
