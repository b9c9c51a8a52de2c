"""Folders of one study from several machines as one."""

import json
from dataclasses import replace

import pytest
from finished import make_run

from ablations.records.run_file import load_run, save_run

TOPS = {"3": [40.0, 50.0, 45.0], "7": [80.0, 70.0, 75.0]}


@pytest.fixture
def saved(tmp_path):
    """Saves the made-up run of a study, changed as a test wants."""

    def save(name, change=lambda run: run, tops=TOPS, **options):
        options = {"cost_model": "rednet-small"} | options
        run = change(make_run(tmp_path / name, "kernel-size", tops, **options))
        save_run(run)
        return run

    return save


def only(*seeds, torch="2"):
    """Changes a run to some of its trials, of an environment."""

    def change(run):
        records = [replace(r, environment={"torch": torch}) for r in run.records if r.seed in seeds]
        return replace(run, records=records, wanted=6, timings=[])

    return change


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.torture
def test_shards_in_folders_of_their_own_become_the_study(run, tmp_path):
    command = ["kernel-size", "--sizes", "1", "3", "--seeds", "1", "--steps", "1"]
    command += ["--cost-model", "rednet-small", "--save-weights"]
    assert run(*command, "--output", "a", "--shard", "1/2").code == 0
    assert run(*command, "--output", "b", "--shard", "2/2").code == 0
    before = files(tmp_path / "a") | files(tmp_path / "b")
    merged = run("merge", "a", "b", "--output", "c")
    assert (merged.code, merged.err) == (0, "")
    assert merged.out.splitlines() == [
        "2 of 2 trials: 1 from a, 1 from b", "involution-ablate report c renders it",
    ]  # fmt: skip
    assert files(tmp_path / "a") | files(tmp_path / "b") == before
    for kind in ("trials", "weights"):
        names = {file.name for file in (tmp_path / "c" / kind).iterdir()}
        assert names == {
            file.name for folder in "ab" for file in (tmp_path / folder / kind).iterdir()
        }
    assert run("report", "c").code == 0 and (tmp_path / "c" / "report.html").exists()
    again = run(*command, "--output", "c")
    assert again.code == 0 and again.err.count("(recorded before)") == 2, "and only timings are new"
    assert len(json.loads((tmp_path / "c" / "run.json").read_text())["timings"]) == 2


def test_what_differs_is_said_and_the_first_is_kept(run, saved, tmp_path):
    saved("a", only(0, 1, torch="2.14"))
    others = {"3": [40.0, 51.0, 45.0], "7": [80.0, 70.0, 75.0]}
    saved("b", only(1, 2, torch="2.15"), others)
    result = run("merge", "a", "b", "--output", "c")
    assert result.code == 0, result.err
    count, different, environments, _ = result.out.splitlines()
    assert count == "6 of 6 trials: 4 from a, 2 from b"
    assert different.startswith("1 trial has other numbers") and different.endswith("seed 1")
    assert environments.startswith("The trials come from 2 environments, which differ in torch.")
    merged = load_run(tmp_path / "c", "DIR")
    assert [(r.seed, r.top1) for r in merged.records] == [
        (0, 40.0), (0, 80.0), (1, 50.0), (1, 70.0), (2, 45.0), (2, 75.0),
    ]  # fmt: skip
    assert not merged.partial


def test_a_result_goes_before_a_failure(run, saved, tmp_path):
    saved("a", only(0, 1, 2), {"3": [40.0, None, 45.0], "7": TOPS["7"]})
    saved("b", only(1))
    result = run("merge", "a", "b", "--output", "c")
    assert result.code == 0 and "other numbers" not in result.out
    assert load_run(tmp_path / "c", "DIR").failures == []


@pytest.mark.parametrize(
    ("options", "what"),
    [({"lr": 0.5}, "lr"), ({"margin": 3.0}, "margin")],
)
def test_other_studies_are_refused_in_one_line(run, saved, tmp_path, options, what):
    saved("a")
    saved("b", **options)
    result = run("merge", "a", "b", "--output", "c")
    assert (result.code, result.out) == (2, "")
    assert f"DIR b: is not of the study of a: other {what}" in result.err
    assert result.err.count("\n") == 1 and not (tmp_path / "c").exists()


def test_other_variants_are_another_study(run, saved, tmp_path):
    saved("a")
    saved("b", tops={"3": [1.0], "5": [1.0]})
    result = run("merge", "a", "b", "--output", "c")
    assert result.code == 2 and "other seeds" in result.err
    saved("b", tops={"3": TOPS["3"], "5": TOPS["7"]})
    result = run("merge", "a", "b", "--output", "c")
    assert result.code == 2 and "other studies, kernel-size" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a"], "name at least two folders"),
        (["a", "gone"], "gone: is not a directory"),
        (["a", "a/../a"], "is named twice"),
        (["a", "empty"], "empty: holds no run.json"),
        (["a", "b", "--output", "a"], "--output a: holds run.json; name a new folder"),
    ],
)
def test_what_cannot_be_merged_is_one_line(run, saved, tmp_path, arguments, message):
    saved("a")
    saved("b")
    (tmp_path / "empty").mkdir()
    before = files(tmp_path)
    output = [] if "--output" in arguments else ["--output", "c"]
    result = run("merge", *arguments, *output)
    assert result.code == 2 and message in result.err and result.err.count("\n") == 1
    assert files(tmp_path) == before
