"""Which engine runs, and what is said where it cannot."""

import sys

import pytest
import torch

from ablations.errors import SettingError
from ablations.run.engines.choice import check_engine, choose_engine
from ablations.run.engines.here import Here
from ablations.study.run_settings import RunSettings


def test_without_ray_one_line_says_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    result = run("kernel-size", "--sizes", "3", "--steps", "1", "--engine", "ray")
    assert result.code == 2 and result.err.count("\n") == 1
    assert "pip install 'involution-ablate[ray]'" in result.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"engine": "slurm"}, "engine slurm: allowed: local, ray"),
        ({"ray_address": "head:6379"}, "ray-address head:6379: is of --engine ray"),
        ({"gpus_per_trial": 0.5}, "gpus-per-trial 0.5: is of --engine ray"),
        ({"engine": "ray", "ray_address": "ray://head:1"}, "must be HOST:PORT"),
        ({"engine": "ray", "gpus_per_trial": 2.0}, "at most 1"),
        ({"engine": "ray", "cpus_per_trial": 0.0}, "must be a positive number"),
        ({"engine": "ray", "jobs": "0"}, "jobs 0: is of --engine local"),
    ],
)
def test_what_cannot_be_asked_of_an_engine(tmp_path, given, message):
    with pytest.raises(SettingError, match=message):
        RunSettings(tmp_path, **given)


def test_a_cluster_that_does_not_answer_is_one_line(tmp_path):
    pytest.importorskip("ray", reason="needs the extra [ray]")
    settings = RunSettings(tmp_path, engine="ray", ray_address="127.0.0.1:1")
    with pytest.raises(SettingError, match=r"ray-address 127.0.0.1:1: nothing answers there \("):
        check_engine(settings, torch.device("cpu"))


def test_trials_on_gpus_ask_for_some(tmp_path):
    pytest.importorskip("ray", reason="needs the extra [ray]")
    settings = RunSettings(tmp_path, engine="ray", gpus_per_trial=0.0)
    check_engine(settings, torch.device("cpu"))
    with pytest.raises(SettingError, match="gpus-per-trial 0: trials are trained on GPUs"):
        check_engine(settings, torch.device("cuda"))


def test_what_is_to_be_debugged_runs_here(tmp_path):
    engine = choose_engine(RunSettings(tmp_path, engine="ray"), {}, torch.device("cpu"), True)
    assert isinstance(engine, Here) and engine.here
