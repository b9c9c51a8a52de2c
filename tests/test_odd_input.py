"""Whatever is typed or read, a command ends with 0, 1 or 2 and never with a traceback."""

import json
import re

import pytest
from finished import make_run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odd import command_lines, spoilt, study_files

from ablations import load_results
from ablations.errors import SettingError
from ablations.records.run_file import EMBEDDED_ID, dump_run, save_run
from ablations.results.results import results_of
from reports.page.html_pages import embedded_json
from reports.page.report_files import write_report

ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

FEW, MANY = 60, 2000


def often(examples):
    """Settings for a number of examples of a test that runs commands in one folder."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow,
              HealthCheck.filter_too_much, HealthCheck.data_too_large]  # fmt: skip
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=checks, database=None,
        derandomize=examples == FEW,
    )  # fmt: skip


@pytest.fixture
def odd(run, tmp_path, monkeypatch):
    """Runs a command line in a folder with a file in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "file").write_text("kept")

    def call(line):
        result = run(*line)
        assert result.code in (0, 1, 2), line
        assert "Traceback" not in result.err and not ACTS.search(result.out + result.err), line
        told = result.err.splitlines()
        if result.code:
            assert told and all(found.startswith("involution-ablate: ") for found in told), line
        assert (tmp_path / "file").read_text() == "kept"
        return result

    return call


def check_command_lines(odd, examples):
    @often(examples)
    @given(command_lines)
    def check(line):
        odd(line)

    check()


def check_study_files(odd, tmp_path, examples):
    @often(examples)
    @given(study_files)
    def check(text):
        (tmp_path / "odd.toml").write_bytes(text)
        result = odd(["run", "odd.toml", "--output", "file/below"])
        assert result.code == 2, "it is refused for what it is, or for the output"

    check()


def test_odd_command_lines(odd):
    check_command_lines(odd, FEW)


def test_odd_study_files(odd, tmp_path):
    check_study_files(odd, tmp_path, FEW)


@pytest.mark.torture
def test_many_odd_command_lines(odd):
    check_command_lines(odd, MANY)


@pytest.mark.torture
def test_many_odd_study_files(odd, tmp_path):
    check_study_files(odd, tmp_path, MANY)


@pytest.fixture
def saved(tmp_path):
    """A saved run and its report, whose values a test spoils."""
    run = make_run(tmp_path / "out", "kernel-size", {"3": [40.0, None], "7": [80.0, 70.0]})
    save_run(run)
    return run, write_report(results_of(run), tmp_path / "out").read_text(encoding="utf-8")


def check_saved_runs(odd, saved, tmp_path, examples):
    run, page = saved
    embedded = re.search(rf'id="{EMBEDDED_ID}">(.*?)</script>', page, re.S)[1]
    commands = [
        ["report", "out"],
        ["compare", "out", "good", "--output", "c.html"],
        ["compare", "spoilt.html", "good", "--output", "c.html"],
        ["run", "out/run.json", "--output", "file/below"],
        ["run", "spoilt.html", "--output", "file/below"],
        ["plan", "kernel-size", "--records", "out", "--output", "file/below"],
    ]
    save_run(make_run(tmp_path / "good", "kernel-size", {"3": [40.0, 41.0], "7": [80.0]}))

    @often(examples)
    @given(spoilt(json.loads(json.dumps(dump_run(run)))), st.sampled_from(commands))
    def check(values, command):
        (tmp_path / "out" / "run.json").write_text(json.dumps(values))
        html = page.replace(embedded, str(embedded_json(values)))
        (tmp_path / "spoilt.html").write_bytes(html.encode("utf-8", "surrogatepass"))
        result = odd(command)
        assert result.err.count("\n") <= 1
        if result.code == 0 and command[0] == "report":
            assert not ACTS.search((tmp_path / "out" / "report.html").read_text("utf-8"))
        try:
            load_results(tmp_path / "out")
        except SettingError as error:
            assert "\n" not in str(error)

    check()


def test_spoilt_saved_runs(odd, saved, tmp_path):
    check_saved_runs(odd, saved, tmp_path, 25)


@pytest.mark.torture
def test_many_spoilt_saved_runs(odd, saved, tmp_path):
    check_saved_runs(odd, saved, tmp_path, 500)
