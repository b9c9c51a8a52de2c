"""Trials in worker processes: real processes, real training."""

import re
import signal
import time
from pathlib import Path

import pytest
from program import LONG, start
from trials import DROPS, NETWORK, Events, dies, run_families
from worker_processes import alive, workers

from ablations.run.engines import retries
from ablations.run.events import Notice, PassStarted

SEGFAULT = "import ctypes; ctypes.string_at(0)"


def numbers(records):
    return [(record.variant, record.seed, record.curve, record.failure) for record in records]


def test_the_numbers_do_not_depend_on_how_many_run_at_a_time(write_module, tmp_path):
    write_module("mine_drops", NETWORK + DROPS)
    families = ("rednet", "mine_drops:Drops")
    runs = {
        jobs: run_families(families, tmp_path / jobs, jobs, seeds=2, label_smoothing=0.2)
        for jobs in ("0", "1", "2")
    }
    expected = numbers(runs["0"][0])
    assert [(v.family, seed) for v, seed, *_ in expected] == [
        ("rednet", 0), ("mine_drops:Drops", 0), ("rednet", 1), ("mine_drops:Drops", 1),
    ]  # fmt: skip
    assert numbers(runs["1"][0]) == expected == numbers(runs["2"][0])
    (alone,), _ = run_families(families[1:], tmp_path / "alone", "0", label_smoothing=0.2)
    assert alone.curve == runs["1"][0][1].curve, "after another trial and without"
    assert runs["1"][1].of("starts") == [(v.family, seed) for v, seed, *_ in expected]


DEATHS = {
    "mine_exits:Dies": ("os._exit(3)", "with exit code 3", "It left no traceback"),
    "mine_killed:Dies": (
        "os.kill(os.getpid(), signal.SIGKILL)",
        "with signal 9 (SIGKILL), as the system ends processes where memory is short",
        "It left no traceback",
    ),
    "mine_crashes:Dies": (SEGFAULT, "with signal 11 (SIGSEGV)", "in trained"),
}


def test_a_process_that_dies_fails_its_trial_and_no_other(write_module, tmp_path, monkeypatch):
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 1)
    for name, (how, *_) in DEATHS.items():
        write_module(name.partition(":")[0], NETWORK + dies(how))
    records, events = run_families([*DEATHS, "mine_exits:Net"], tmp_path, "2")
    *dead, lived = records
    assert lived.failure is None
    for record, (_, reason, known) in zip(dead, DEATHS.values(), strict=True):
        assert record.failure == f"the process of this trial ended {reason}"
        assert record.transient and record.top1 is None and record.costs.params > 0
        log = (tmp_path / record.log).read_text()
        assert "attempt 1 of 1" in log and known in log
    assert sorted(events.of("ends")) == sorted((r.variant.family, 0) for r in records)


def test_a_trial_whose_process_dies_is_tried_again_twice(write_module, tmp_path):
    write_module("mine_once", NETWORK + dies("os._exit(1)", marks=2))
    (record,), events = run_families(["mine_once:Dies"], tmp_path, "1")
    assert record.failure is None and record.log is None
    assert [kind for kind, *_ in events.told if kind != "step"] == [
        "starts", "lost", "starts", "lost", "starts", "ends",
    ]  # fmt: skip
    (undisturbed,), _ = run_families(["mine_once:Net"], tmp_path, "0")
    assert undisturbed.curve == record.curve
    for mark in Path().glob("mark-*"):
        mark.unlink()
    write_module("mine_thrice", NETWORK + dies("os._exit(1)", marks=3))
    (record,), events = run_families(["mine_thrice:Dies"], tmp_path, "1")
    assert record.failure == "the process of this trial ended with exit code 1"
    assert "attempt 3 of 3" in (tmp_path / record.log).read_text()


class Told(Events):
    """Events with what is noticed."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def on(self, event):
        super().on(event)
        if isinstance(event, Notice):
            self.lines.append(event.line)


def test_a_process_tells_of_a_damaged_checkpoint(write_module, tmp_path):
    write_module("mine_cut", NETWORK)
    run_families(["mine_cut:Net"], tmp_path / "before", "0")
    (record,) = (tmp_path / "before" / "trials").iterdir()
    checkpoint = tmp_path / "out" / "checkpoints" / f"{record.stem}.pt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text("cut")
    (found,), events = run_families(["mine_cut:Net"], tmp_path / "out", "1", events=Told())
    assert found.failure is None and len(events.lines) == 1
    assert events.lines[0].startswith(f"{checkpoint} is damaged (")


def test_an_error_in_a_process_keeps_its_traceback(write_module, tmp_path):
    body = "class Fails(Net):\n    def trained(self, x):\n        raise KeyError('inside')\n"
    write_module("mine_fails", NETWORK + body)
    (record,), events = run_families(["mine_fails:Fails"], tmp_path, "1")
    assert record.failure == "KeyError: 'inside'" and record.transient
    assert "in trained" in (tmp_path / record.log).read_text()
    assert events.of("lost") == [], "its process goes on"


def test_code_that_changes_while_the_run_goes_on_is_not_trained(write_module, tmp_path):
    class Changing(Events):
        def on(self, event):
            if isinstance(event, PassStarted):
                Path("mine_changing.py").write_text(NETWORK + "# changed\n")

    write_module("mine_changing", NETWORK)
    (record,), _ = run_families(["mine_changing:Net"], tmp_path, "1", events=Changing())
    assert record.transient and record.failure.endswith("was changed during the run")
    assert "mine_changing.py" in record.failure


def test_a_trial_takes_its_threads_and_no_more(write_module, tmp_path):
    body = "class Counts(Net):\n    def trained(self, x):\n        "
    told = "f'{torch.get_num_threads()} {os.environ.get(\"OMP_NUM_THREADS\")}'"
    write_module("mine_counts", f"{NETWORK}\n{body}raise RuntimeError({told})\n")
    for jobs, told in (("0", r"2 .*"), ("1", "2 2")):
        (record,), _ = run_families(["mine_counts:Counts"], tmp_path / jobs, jobs, threads=2)
        assert re.fullmatch(f"RuntimeError: {told}", record.failure)
        assert record.settings["threads"] == 2 and record.environment["threads"] == "2"


@pytest.fixture
def long_run(tmp_path):
    """A run of two long trials at a time, both under way: each has written a checkpoint."""
    typed = ("kernel-size", "--sizes", "1", "3", "--output", "out", "--jobs", "2", *LONG)
    with start(*typed, cwd=tmp_path) as process:
        try:
            while len(list((tmp_path / "out" / "checkpoints").glob("*.pt"))) < 2:
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.torture)],
)
def test_no_process_outlives_the_program(long_run, number):
    started = workers(long_run.pid)
    assert len(started) == 2
    long_run.send_signal(number)
    asked = time.monotonic()
    while any(map(alive, started)) and time.monotonic() - asked < 5:
        time.sleep(0.02)
    assert not any(map(alive, started))
    _, err = long_run.communicate(timeout=60)
    if number != signal.SIGKILL:
        assert long_run.returncode == 128 + number
        last = "involution-ablate: interrupted: 0 of 2 trials are kept in out"
        assert err.splitlines()[-1].startswith(last) and "Traceback" not in err
