"""Trials as jobs of submitit, which here are processes of this machine: its queue is not tested."""

import os
import signal
import time
from pathlib import Path

import pytest
from trials import DROPS, IMAGES, NETWORK, Events, dies, run_families
from worker_processes import alive, below

from ablations.errors import SettingError
from ablations.run.engines.choice import check_engine, choose_engine
from ablations.run.events import StepDone, TrialLost
from ablations.run.stopping import Stop
from ablations.study.run_settings import RunSettings
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.data_sets import DataSets
from ablations.training.trial_spec import TrialSpec

pytest.importorskip("submitit", reason="needs the extra [slurm]")

import torch

from ablations.run.engines import slurm_engine, slurm_tasks
from ablations.run.engines.slurm_engine import read_parameters

# submitit keeps no process of a cancelled job.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")

CPU = torch.device("cpu")
TINY = {"dataset": "mine_net:images", "workers": 0, "steps": 3, "batch_size": 4}


@pytest.fixture
def run_on(monkeypatch, write_module):
    """As run_families, by jobs."""
    monkeypatch.setattr(slurm_engine, "CLUSTER", "local")

    def run(families, output, seeds=1, events=None, stop=None, jobs="auto", more=None, **training):
        running = {"engine": "slurm", "slurm": "timeout_min=9", **(more or {})}
        training = TINY | training
        return run_families(families, output, jobs, seeds, events, stop, running, **training)

    return run


def numbers(records):
    """All of them but times."""
    return [
        (r.variant, r.seed, r.settings, r.data, r.images, r.curve, r.top1, r.costs, r.environment)
        for r in records
    ]


def test_records_are_those_of_a_local_run(write_module, tmp_path, run_on):
    fails = "class Fails(Net):\n    def trained(self, x):\n        raise KeyError('inside')\n"
    write_module("mine_net", NETWORK + DROPS + IMAGES + fails)
    families = ("mine_net:Drops", "mine_net:Fails")
    records, events = run_on(families, tmp_path / "there")
    here, _ = run_families(families, tmp_path / "here", "0", **TINY)
    assert numbers(records) == numbers(here)
    assert records[1].failure == "KeyError: 'inside'"
    assert sorted(events.of("starts")) == sorted(events.of("ends")) == [(f, 0) for f in families]
    assert not (tmp_path / "there" / "slurm").exists(), "files of jobs"


class Then(Events):
    """Does something once, after every trial has reported a step."""

    def __init__(self, trials, then):
        super().__init__()
        self.trials, self.then, self.steps = trials, then, {}

    def on(self, event):
        super().on(event)
        if isinstance(event, StepDone):
            self.steps.setdefault(event.trial.seed, []).append(event.step)
        if self.then is not None and len(self.steps) == self.trials:
            then, self.then = self.then, None
            then()


def jobs_of_this_process():
    """The processes that train, below those of submitit's that began them."""
    return [
        pid for pid in below(os.getpid())
        if "submitit.core._submit" in Path(f"/proc/{pid}/cmdline").read_text()
    ]  # fmt: skip


@pytest.mark.torture
def test_a_stop_leaves_checkpoints_and_no_job(write_module, tmp_path, run_on, monkeypatch):
    write_module("mine_net", NETWORK + IMAGES)
    stop, jobs = Stop(), []

    def ask():
        jobs.extend(jobs_of_this_process())
        with stop.on_signals():
            os.kill(os.getpid(), signal.SIGTERM)

    records, _ = run_on(["mine_net:Net"], tmp_path / "out", 2, Then(2, ask), stop, steps=1_000_000)
    assert records == [] and len(jobs) == 2
    assert len(list((tmp_path / "out" / "checkpoints").iterdir())) == 2
    asked = time.monotonic()
    while any(map(alive, jobs)) and time.monotonic() - asked < 10:
        time.sleep(0.05)
    assert not any(map(alive, jobs))


@pytest.mark.torture
@pytest.mark.parametrize(
    ("number", "told"),
    [
        (signal.SIGUSR2, "the job of this trial was told to end"),
        (signal.SIGKILL, "the job of this trial ended as FINISHED"),
    ],
)
def test_a_job_that_ends_goes_on_in_another(write_module, tmp_path, run_on, number, told):
    """Like a job at its time limit, and one on a lost node."""
    write_module("mine_net", NETWORK + IMAGES)

    class Ends(Then):
        def on(self, event):
            super().on(event)
            if isinstance(event, TrialLost):
                self.reason = event.reason

    def end():
        time.sleep(1)  # some steps, and a checkpoint
        (job,) = jobs_of_this_process()
        os.kill(job, number)

    events = Ends(1, end)
    long, every = {"steps": 3000}, {"checkpoint_every": 0.2 if number == signal.SIGKILL else 60.0}
    (record,), _ = run_on(["mine_net:Net"], tmp_path / "out", 1, events, more=every, **long)
    assert len(events.of("lost")) == 1 and events.reason == told
    assert events.steps[0].count(1) == 1, "it did not begin anew"
    (undisturbed,), _ = run_families(["mine_net:Net"], tmp_path / "here", "0", **TINY | long)
    assert record.curve == undisturbed.curve


@pytest.mark.torture
def test_a_trial_that_kills_its_jobs_is_given_up(write_module, tmp_path, run_on):
    write_module("mine_net", NETWORK + IMAGES + dies("os._exit(1)"))
    (record,), events = run_on(["mine_net:Dies"], tmp_path)
    assert record.failure == "the job of this trial ended as FINISHED" and record.transient
    assert len(events.of("lost")) == 2
    assert "attempt 3 of 3" in (tmp_path / record.log).read_text()


@pytest.mark.torture
def test_processes_of_a_trial_are_in_one_job(write_module, tmp_path, run_on):
    write_module("mine_net", NETWORK + DROPS + IMAGES)
    (record,), _ = run_on(["mine_net:Drops"], tmp_path / "there", processes=2)
    (here,), _ = run_families(["mine_net:Drops"], tmp_path / "here", "0", **TINY, processes=2)
    assert record.curve == here.curve and record.failure is None


def test_a_job_stops_when_its_run_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(slurm_tasks, "WITHOUT_PULSE", 0.3)
    monkeypatch.setattr(slurm_tasks, "STEPS_EVERY", 0.0)
    pulse = tmp_path / slurm_tasks.PULSE
    pulse.write_text("1")
    line = slurm_tasks._Line(tmp_path, 0)
    assert not line.stopping()
    for beat in range(4):
        time.sleep(0.1)
        pulse.write_text(str(beat + 2))
        assert not line.stopping()
    time.sleep(0.3)
    assert line.stopping()
    assert not slurm_tasks._Line(tmp_path, 0).stopping()
    pulse.write_text(slurm_tasks.STOP)
    assert slurm_tasks._Line(tmp_path, 0).stopping()
    pulse.unlink()
    assert slurm_tasks._Line(tmp_path, 0).stopping()


def test_what_jobs_ask_for(tmp_path):
    asked = "partition=gpu,timeout_min=240,mem_gb=16,exclude=n1,n2,cpus_per_task=9"
    assert read_parameters(asked) == {
        "slurm_partition": "gpu", "timeout_min": 240, "mem_gb": 16.0, "slurm_exclude": "n1,n2",
        "cpus_per_task": 9,
    }  # fmt: skip
    assert read_parameters("setup=module load cuda,gpus_per_node=0,mem_gb=0.5") == {
        "slurm_setup": ["module load cuda"], "gpus_per_node": 0, "mem_gb": 0.5,
    }  # fmt: skip
    train = TrainSettings(processes=2, threads=3)
    for device, gpus in (("cpu", 0), ("cuda", 2)):
        trial = TrialSpec(Variant(3), train, 0, device, "images")
        settings = RunSettings(tmp_path, engine="slurm", train=train)
        engine = choose_engine(settings, [trial], DataSets(), torch.device(device), False)
        assert (engine.parameters, engine.threads) == (
            {"cpus_per_task": 6, "gpus_per_node": gpus},
            3,
        )


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("walltime=9", "walltime is no parameter of a job"),
        ("nodes=2", "nodes is no parameter of a job"),
        ("timeout_min=soon", "timeout_min has to be a number"),
        ("timeout_min=-5", "timeout_min has to be a number, and more than none"),
        ("cpus_per_task=0", "cpus_per_task has to be a number"),
        ("mem_gb=nan", "mem_gb has to be a number"),
        ("additional_parameters=x", "additional_parameters is no parameter of a job"),
        ("use_srun=False", "use_srun is no parameter of a job"),
        ("partition=a,partition=b", "partition is named twice"),
        ("partition=gpu", "engine slurm: there is no sbatch here"),
    ],
)
def test_what_cannot_be_asked_is_one_line(tmp_path, monkeypatch, asked, problem):
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = RunSettings(tmp_path, engine="slurm", slurm=asked)
    with pytest.raises(SettingError, match=problem):
        check_engine(settings, CPU)
