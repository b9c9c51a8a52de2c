"""Which engine runs, and what is said where it cannot."""

import sys

import pytest
import torch

from ablations.errors import SettingError
from ablations.run.engines.choice import check_engine, choose_engine
from ablations.run.engines.here import Here
from ablations.study.run_settings import RunSettings
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.data_sets import DataSets
from ablations.training.trial_spec import TrialSpec


def test_without_ray_one_line_says_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    result = run("kernel-size", "--sizes", "3", "--steps", "1", "--engine", "ray")
    assert result.code == 2 and result.err.count("\n") == 1
    assert "pip install 'involution-ablate[ray]'" in result.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"engine": "pbs"}, "engine pbs: allowed: local, ray, slurm"),
        ({"slurm": "partition=gpu"}, "slurm partition=gpu: requires --engine slurm"),
        ({"engine": "slurm", "slurm": "gpu"}, "must be KEY=VALUE"),
        ({"engine": "slurm", "ray_address": "head:1"}, "requires --engine ray"),
        ({"engine": "slurm", "jobs": "0"}, "jobs 0: requires --engine local"),
        ({"ray_address": "head:6379"}, "ray-address head:6379: requires --engine ray"),
        ({"gpus_per_trial": 0.5}, "gpus-per-trial 0.5: requires --engine ray"),
        ({"engine": "ray", "ray_address": "ray://head:1"}, "must be HOST:PORT"),
        ({"engine": "ray", "gpus_per_trial": 2.0}, "at most 1"),
        ({"engine": "ray", "cpus_per_trial": 0.0}, "must be a positive number"),
        ({"engine": "ray", "jobs": "0"}, "jobs 0: requires --engine local"),
        (
            {"engine": "ray", "gpus_per_trial": 0.5, "train": TrainSettings(processes=2)},
            "gpus-per-trial 0.5: requires --processes 1; each of several has its own GPU",
        ),
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


@pytest.mark.parametrize(("asked", "cpus"), [(None, 6.0), (3.0, 3.0)])
@pytest.mark.parametrize(("device", "gpus"), [("cpu", 0.0), ("cuda", 2.0)])
def test_ray_reserves_for_all_processes_of_a_trial(tmp_path, asked, cpus, device, gpus):
    pytest.importorskip("ray", reason="needs the extra [ray]")
    train = TrainSettings(processes=2, threads=3)
    settings = RunSettings(tmp_path, engine="ray", train=train, cpus_per_trial=asked)
    trial = TrialSpec(Variant(3), train, 0, device, "images")
    engine = choose_engine(settings, [trial], DataSets(), torch.device(device), False)
    assert (engine.cpus, engine.gpus) == (cpus, gpus)


def test_processes_need_a_gpu_each(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for processes in (2, 3):
        settings = RunSettings(tmp_path, train=TrainSettings(processes=processes))
        check_engine(settings, torch.device("cpu"))
        if processes == 2:
            check_engine(settings, torch.device("cuda"))
    with pytest.raises(SettingError, match="processes 3: each needs a GPU, and there are 2 here"):
        check_engine(settings, torch.device("cuda"))


def test_a_batch_can_be_shared_by_so_many_as_it_has_images(run):
    result = run("kernel-size", "--sizes", "3", "--batch-size", "3", "--processes", "4")
    assert result.code == 2 and result.err.count("\n") == 1
    assert "processes 4: must be at most the batch size, 3" in result.err


def test_what_is_to_be_debugged_runs_here(tmp_path):
    settings, device = RunSettings(tmp_path, engine="ray"), torch.device("cpu")
    engine = choose_engine(settings, [], DataSets(), device, True)
    assert isinstance(engine, Here) and engine.here
