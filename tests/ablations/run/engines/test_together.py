"""Trials that several processes train together: real processes, real training."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from trials import DROPS, IMAGES, NETWORK, Events, run_families
from worker_processes import alive, below

from ablations.run.engines import retries
from ablations.run.engines.here import FailedElsewhere, Here
from ablations.run.events import StepDone
from ablations.run.stopping import Stop
from ablations.run.trials import run_trials

TINY = {"dataset": "mine_net:images", "workers": 0, "lr": 0.02}
SEVERAL = TINY | {"processes": 2}

UNUSED = """
class Unused(Net):
    def __init__(self, architecture, classes):
        super().__init__(architecture, classes)
        self.unused = nn.Linear(1, 1)
"""

WITH_NORM = """
class Norms(Net):
    def __init__(self, architecture, classes):
        super().__init__(architecture, classes)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x):
        return super().forward(self.norm(x))

class Frozen(Norms):
    def train(self, mode=True):
        super().train(mode)
        self.norm.eval()
        return self
"""


def in_one(how):
    """A network that does something in the second of its processes alone."""
    return f"""
class Odd(Net):
    def trained(self, x):
        import torch.distributed as dist
        if dist.is_initialized() and dist.get_rank() == 1:
            {how}
        return x
"""


def both(tmp_path, families, processes, jobs="0", **training):
    """Return the records of trials in one process and in `processes`."""
    runs = []
    for number in (1, processes):
        given = TINY | training | {"steps": 6, "batch_size": 11, "processes": number}
        records, events = run_families(families, tmp_path / str(number), jobs, **given)
        assert [record.failure for record in records] == [None] * len(families)
        assert len(events.of("starts")) == len(events.of("ends")) == len(families)
        runs.append(records)
    return zip(*runs, strict=True)


def test_two_processes_train_as_one_does(write_module, tmp_path):
    """24 images in batches of 11, none of which can be halved, and two batches a step."""
    write_module("mine_net", NETWORK + WITH_NORM + IMAGES)
    training = {"averaging": 0.5, "accumulate": 2}
    for alone, shared in both(tmp_path, ("mine_net:Frozen",), 2, **training):
        assert shared.settings == alone.settings | {"processes": 2}
        assert [point["steps"] for point in alone.curve] == [2, 3, 5, 6]
        for point, its in zip(shared.curve, alone.curve, strict=True):
            assert point["train_loss"] == pytest.approx(its["train_loss"], rel=1e-4)
            assert point["top1"] == pytest.approx(its["top1"], abs=5)


@pytest.mark.torture
def test_batch_norm_on_the_cpu_is_each_processs_own(write_module, tmp_path):
    """Other numbers than one process has, and the same ones each time. The third batch has 2
    images, so that of 3 processes one has none."""
    write_module("mine_net", NETWORK + WITH_NORM + IMAGES)
    families = ("rednet", "mine_net:Norms")
    first, again = (list(both(tmp_path / name, families, 3)) for name in ("first", "again"))
    assert [shared.curve for _, shared in first] == [shared.curve for _, shared in again]
    for alone, shared in first:
        assert [point["steps"] for point in shared.curve] == [2, 3, 5, 6]
        losses = [[point["train_loss"] for point in each.curve] for each in (shared, alone)]
        assert losses[0] != losses[1]
        assert losses[0] == pytest.approx(losses[1], rel=0.5)


@pytest.mark.torture
@pytest.mark.parametrize(
    ("training", "exact"),
    [({}, 1e-4), ({"precision": "bf16"}, 0.05), ({"precision": "fp16"}, 0.05)],
)
def test_a_process_may_have_no_image_of_a_batch(write_module, tmp_path, training, exact):
    """The third batch has 2, for 3 processes; one network leaves a layer out."""
    write_module("mine_net", NETWORK + WITH_NORM + UNUSED + IMAGES)
    families = ("mine_net:Frozen", "mine_net:Unused")
    for alone, shared in both(tmp_path, families, 3, "1", **training):
        for point, its in zip(shared.curve[:3], alone.curve[:3], strict=True):
            assert point["train_loss"] == pytest.approx(its["train_loss"], rel=exact)


def test_one_that_dies_loses_the_trial(write_module, tmp_path, monkeypatch):
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 1)
    write_module("mine_net", NETWORK + in_one("os._exit(3)") + IMAGES)
    (record,), _ = run_families(["mine_net:Odd"], tmp_path, "1", **SEVERAL)
    assert record.failure == "process 2 of 2 of this trial ended with exit code 3"
    assert record.transient and record.top1 is None
    log = (tmp_path / record.log).read_text()
    assert "attempt 1 of 1" in log and "It left no traceback" in log


@pytest.mark.torture
def test_one_that_died_once_has_the_trial_begun_again(write_module, tmp_path):
    once = "if not Path('mark').exists(): Path('mark').touch(); os.kill(os.getpid(), 9)"
    write_module("mine_net", NETWORK + in_one(once) + IMAGES)
    (record,), events = run_families(["mine_net:Odd"], tmp_path, "1", **SEVERAL)
    assert record.failure is None
    assert [kind for kind, *_ in events.told if kind != "step"] == [
        "starts", "lost", "starts", "ends",
    ]  # fmt: skip


@pytest.mark.torture
@pytest.mark.parametrize("jobs", ["0", "1"])
def test_an_error_in_one_or_in_all_fails_the_trial(write_module, tmp_path, jobs):
    body = "class Fails(Net):\n    def trained(self, x):\n        raise KeyError('all')\n"
    odd = in_one("raise KeyError('one')")
    own = "class Own(nn.BatchNorm2d):\n    pass\nclass Kind(Net):\n"
    own += "    def __init__(self, *a, **k):\n        super().__init__(*a, **k)\n"
    own += "        self.norm = Own(3)\n"
    refuses = "class Refuses(Net):\n    def trained(self, x):\n"
    refuses += "        from ablations.errors import TrialFailed\n"
    refuses += "        raise TrialFailed('for good')\n"
    write_module("mine_net", NETWORK + body + odd + own + refuses + IMAGES)
    names = ("Fails", "Odd", "Refuses", "Kind")
    families = [f"mine_net:{name}" for name in names]
    records, events = run_families(families, tmp_path, jobs, **SEVERAL)
    reasons = ["KeyError: 'all'", "KeyError: 'one'", "for good", None]
    assert [record.failure for record in records] == reasons
    assert [record.transient for record in records] == [True, True, False, False]
    assert "in trained" in (tmp_path / records[0].log).read_text()
    assert events.of("lost") == []


@pytest.mark.torture
def test_a_stop_leaves_a_checkpoint_from_which_both_go_on(write_module, tmp_path):
    """The network draws in training: each process resumes with its own numbers."""
    write_module("mine_net", NETWORK + DROPS + IMAGES)
    long = SEVERAL | {"steps": 200, "batch_size": 8}
    stop = Stop()

    class Asks(Events):
        def on(self, event):
            super().on(event)
            if isinstance(event, StepDone) and not stop.asked and event.step > 1:
                with stop.on_signals():
                    os.kill(os.getpid(), signal.SIGTERM)

    arguments = ["mine_net:Drops"], tmp_path / "out", "1"
    records, events = run_families(*arguments, events=Asks(), stop=stop, **long)
    assert records == [] and events.of("pauses") == [("mine_net:Drops", 0)]
    (resumed,), _ = run_families(*arguments, **long)
    (whole,), _ = run_families(arguments[0], tmp_path / "whole", "0", **long)
    assert resumed.curve == whole.curve and len(whole.curve) == 4
    assert len({point["train_loss"] for point in whole.curve}) == 4


@pytest.mark.torture
def test_debugging_raises_what_was_raised_in_a_process(write_module, tmp_path, monkeypatch):
    body = "class Fails(Net):\n    def trained(self, x):\n        raise KeyError('all')\n"
    write_module("mine_net", NETWORK + body + IMAGES)
    monkeypatch.setattr(
        "trials.run_trials", lambda context, given: run_trials(replace(context, debug=True), given)
    )
    with pytest.raises(FailedElsewhere, match="KeyError: 'all'"):
        run_families(["mine_net:Fails"], tmp_path, "1", **SEVERAL)
    assert Here({}, True).here


@pytest.mark.torture
@pytest.mark.parametrize("jobs", ["0", "1"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_program(tmp_path, number, jobs):
    command = [sys.executable, "-m", "cli", "kernel-size", "--sizes", "3", "--seeds", "1",
               "--steps", "100000", "--output", "out", "--jobs", jobs, "--processes", "2",
               "--cost-model", "rednet-small"]  # fmt: skip
    root = str(Path(__file__).parents[4])
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        text=True,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
        start_new_session=True,
    ) as process:
        try:
            while "step" not in process.stderr.readline():
                assert process.poll() is None
            started = below(process.pid)
            assert len(started) >= 2
            os.killpg(process.pid, number)  # as a queue ends all of a job
            asked = time.monotonic()
            while any(map(alive, started)) and time.monotonic() - asked < 10:
                time.sleep(0.05)
            assert not any(map(alive, started))
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    if number == signal.SIGTERM:
        assert process.returncode == 128 + number and "Traceback" not in err
        assert len(list((tmp_path / "out" / "checkpoints").iterdir())) == 1
