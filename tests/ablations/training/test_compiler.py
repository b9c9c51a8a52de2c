"""Training that torch.compile has compiled, held against training that it has not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import few_digits
import pytest
import torch

from ablations.data import digits

TINY = ("--sizes", "3", "--seeds", "1", "--steps", "2", "--batch-size", "8",
        "--cost-model", "rednet-small")  # fmt: skip


def record_of(output):
    (path,) = (output / "trials").glob("*.json")
    return json.loads(path.read_text())


@pytest.mark.torture
def test_compiled_training_is_training(run, tmp_path, monkeypatch):
    """With all digits, averaged weights, and kept weights with the network's own names."""
    monkeypatch.setattr(digits, "split_sources", few_digits.whole)
    found = {}
    for compile in ("no", "yes"):
        given = ("--compile", compile, "--averaging", "0.5", "--output", compile, "--save-weights")
        result = run("kernel-size", *TINY, *given)
        assert result.code == 0, result.err
        (weights,) = (tmp_path / compile / "weights").iterdir()
        kept = torch.load(weights, weights_only=True)["state_dict"]
        found[compile] = record_of(tmp_path / compile), kept
    (eager, its_weights), (compiled, weights) = found.values()
    assert compiled["settings"] == eager["settings"] | {"compile": "yes"}
    for point, its in zip(compiled["curve"], eager["curve"], strict=True):
        assert point["train_loss"] == pytest.approx(its["train_loss"], rel=1e-4)
    assert weights.keys() == its_weights.keys()
    for name, weight in its_weights.items():
        torch.testing.assert_close(weights[name], weight, rtol=1e-3, atol=1e-4)
    same = [torch.equal(weights[name], weight) for name, weight in its_weights.items()]
    assert not all(same), "it was not compiled"
    assert ", compiled" in (tmp_path / "yes" / "report.html").read_text("utf-8")
    (timing,) = (tmp_path / "yes" / "timings").glob("*.json")
    assert json.loads(timing.read_text())["failure"] is None


@pytest.mark.torture
def test_without_a_compiler_it_is_one_line(tmp_path):
    """In a separate process, since torch remembers which compiler it found."""
    root = str(Path(__file__).parents[3])
    lacking = {"CXX": "no-such-compiler", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    result = subprocess.run(
        [sys.executable, "-m", "cli", "kernel-size", *TINY, "--compile", "yes"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root, **lacking},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2, result.stderr
    last = result.stderr.splitlines()[-1]
    assert "compile yes: torch.compile needs a C++ compiler and Python's headers (" in last
    assert "Traceback" not in result.stderr and not (tmp_path / "runs").exists()


def test_what_several_processes_train_is_not_compiled(run):
    result = run("kernel-size", *TINY, "--compile", "yes", "--processes", "2")
    assert result.code == 2 and "compile yes: requires --processes 1" in result.err
