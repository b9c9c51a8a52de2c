"""The calibration of the statistics, on drawn numbers; the script takes those of real trainings."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from finished import make_run

from ablations.records.run_file import save_run
from ablations.study.builder import parse_study

FOLDER = Path(__file__).parent.parent / "benchmarks"
NAMES = ["verdict", "dunnett", "coverage", "no worse", "equivalent", "all equal"]


@pytest.fixture(scope="module")
def calibration():
    spec = importlib.util.spec_from_file_location("calibration", FOLDER / "calibration.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_outcomes_of_studies_that_tell(calibration):
    wave = np.array([0.1, -0.1, 0.2, -0.2, 0.15, -0.05, 0.0, 0.05])
    base = 70 + np.arange(8.0)
    same = calibration.outcomes(np.array([base, base + wave, base - wave]), 1.0)
    assert same == dict(zip(NAMES, [0, 0, 1, 0, 0, 1], strict=True))
    # One variant is 3 points better; of the boundary's it looks as if it were no worse.
    other = calibration.outcomes(np.array([base, base + 3 + wave, base - wave]), 1.0)
    assert other == dict(zip(NAMES, [1, 1, 0.5, 1, 0, 0], strict=True))


def test_normal_trainings_are_wrong_as_often_as_promised(calibration):
    pool = np.random.default_rng(0).normal(70, 2, 240)
    found = calibration.calibrate(pool, cuts=12, splits=3, margin=50.0)
    assert list(found) == NAMES
    for name, rate, at_most in [("verdict", 0.05, True), ("dunnett", 0.05, False),
                                ("coverage", 0.95, False), ("no worse", 0.05, True),
                                ("equivalent", 0.05, True)]:  # fmt: skip
        off = found[name]["rate"] - rate
        assert 0 < found[name]["of_drawing"] <= found[name]["standard_error"] < 0.05
        assert (off if at_most else abs(off)) < 3 * found[name]["standard_error"]
    # A margin that no interval reaches on the far side leaves the same test.
    assert found["equivalent"] == found["no worse"]


def test_the_drawing_is_fixed(calibration):
    pool = np.random.default_rng(1).normal(70, 2, 40)
    shape = {"variants": 3, "seeds": 6, "cuts": 3, "splits": 2}
    assert calibration.calibrate(pool, **shape) == calibration.calibrate(pool, **shape)
    assert calibration.calibrate(pool, **shape) != calibration.calibrate(pool, **shape, seed=1)


def test_a_small_pool_is_refused(calibration):
    with pytest.raises(ValueError, match="63 trainings; two studies take 64"):
        calibration.calibrate(np.full(63, 70.0))


def test_a_run_is_read_and_figures_are_written(calibration, tmp_path, monkeypatch, capsys):
    tops = np.random.default_rng(2).normal(70, 2, 41).tolist()
    save_run(make_run(tmp_path, "kernel-size", {"7": [None, *tops]}))
    assert calibration.read_pool(tmp_path).tolist() == tops
    typed = ["calibration.py", str(tmp_path), "--variants", "2", "--seeds", "6", "--cuts", "2",
             "--splits", "2", "--json", str(tmp_path / "aa.json")]  # fmt: skip
    monkeypatch.setattr(sys, "argv", typed)
    calibration.main()
    figures = json.loads((tmp_path / "aa.json").read_text())
    assert figures["pool"]["trainings"] == 41 and list(figures["rates"]) == NAMES
    assert figures["study"] == {"variants": 2, "seeds": 6, "margin": 0.5}
    assert calibration.read_pool(tmp_path / "aa.json").tolist() == tops
    printed = capsys.readouterr().out
    assert "only 41 trainings" in printed and "coverage" in printed


def test_runs_of_several_variants_are_refused(calibration, tmp_path):
    save_run(make_run(tmp_path, "kernel-size", {"7": [70.0], "3": [60.0]}))
    with pytest.raises(SystemExit, match="2 variants; an A/A study is of one"):
        calibration.read_pool(tmp_path)


def test_what_was_measured_has_the_figures_that_are_printed(calibration):
    figures = json.loads((FOLDER / "aa.json").read_text())
    pool = calibration.read_pool(FOLDER / "aa.json")
    assert len(pool) == figures["pool"]["trainings"] == 200
    table = (FOLDER / "README.md").read_text()
    for found in figures["rates"].values():
        printed = f"{100 * found['rate']:.1f} %", f"{100 * found['standard_error']:.1f}"
        assert re.search(rf"\| {printed[0]} \|.*\| {printed[1]} \|", table)


def test_the_study_of_the_pool_is_one_variant_under_200_seeds(calibration):
    file = parse_study((FOLDER / "aa.toml").read_text())
    assert file.axes == {"kernel_size": (7,)}
    assert file.settings["seeds"] == 200 >= calibration.LEAST_POOL
