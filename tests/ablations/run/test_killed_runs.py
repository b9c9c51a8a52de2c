"""Runs that are killed at any moment and begun again: real processes, real training."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from trials import DROPS, IMAGES, NETWORK, Events, run_families
from worker_processes import alive, workers

from ablations.records.weights import read_weights
from ablations.run.events import StepDone

ROOT = Path(__file__).parents[3]
WITNESSES = ROOT / "tests" / "witnesses"
NET = ["mine_kill:Slow"]
SLOW = """
import time

class Slow(Drops):
    def trained(self, x):
        time.sleep(float(os.environ.get("PAUSE", "0")))
        return super().trained(x)
"""
SEEDS = 2
KILLS = 50
RUNNING = {"checkpoint_every": 0.05, "save_weights": True}
TRAINING = {
    "dataset": "mine_kill:images", "workers": 0, "steps": 60, "batch_size": 4, "averaging": 0.9
}  # fmt: skip

PROGRAM = f"""
import sys
sys.path[:0] = [{str(WITNESSES)!r}, "."]
from pathlib import Path
from ablations.run.events import StepDone, TrialRecorded
from trials import Events, run_families

class Tells(Events):
    def on(self, event):
        match event:
            case StepDone():
                print("step", flush=True)
            case TrialRecorded(trial, _, reused):
                print("kept" if reused else "trained", trial.seed, flush=True)

run_families(
    {NET}, Path(sys.argv[1]), sys.argv[2], {SEEDS}, Tells(), running={RUNNING}, **{TRAINING}
)
"""


def begin(output, jobs, pause=0.0):
    """A run; pause: seconds that each step takes at least, which change no number."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(output), jobs],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PAUSE": str(pause)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def end(process):
    """Kill a run and wait for the end of its workers."""
    started = workers(process.pid)
    os.killpg(process.pid, signal.SIGKILL)
    told, _ = process.communicate()
    assert "Traceback" not in told
    while any(map(alive, started)):
        time.sleep(0.01)


def found(output):
    """The records and weights of an output folder, without times; nothing else is left there."""
    assert {p.name for p in output.iterdir()} <= {"trials", "weights", "checkpoints"}
    assert not list(output.rglob("*.corrupt")) and not list((output / "checkpoints").glob("*.pt"))
    records = {}
    for path in (output / "trials").glob("*.json"):
        records[path.name] = json.loads(path.read_text()) | {"seconds": None, "checksum": None}
        records[path.name]["environment"].pop("source revision", None)  # which an edit changes
        weights = read_weights(output / "weights" / f"{path.stem}.pt").state_dict
        records[path.name]["weights"] = {name: w.tolist() for name, w in weights.items()}
    assert len(records) == SEEDS
    return records


@pytest.fixture
def undisturbed(write_module, tmp_path):
    write_module("mine_kill", NETWORK + DROPS + SLOW + IMAGES)
    kept = {"save_weights": True}
    run_families(NET, tmp_path / "undisturbed", "0", SEEDS, running=kept, **TRAINING)
    return found(tmp_path / "undisturbed")


class KillsWorker(Events):
    """Kills the process of a trial that has gone on some way, once."""

    killed = False

    def on(self, event):
        super().on(event)
        if isinstance(event, StepDone) and not self.killed:
            self.killed = True
            (worker,) = workers(os.getpid())
            os.kill(worker, signal.SIGKILL)


def test_a_run_and_a_worker_are_killed(undisturbed, tmp_path):
    with begin(tmp_path / "out", "0") as run:
        for line in run.stdout:
            if line.startswith("trained"):
                break
        run.stdout.readline()
        end(run)
    (kept,) = (tmp_path / "out" / "trials").iterdir()
    written = kept.stat().st_mtime_ns
    events = KillsWorker()
    run_families(NET, tmp_path / "out", "1", SEEDS, events, running=RUNNING, **TRAINING)
    assert found(tmp_path / "out") == undisturbed
    assert kept.stat().st_mtime_ns == written, "no finished trial is trained again"
    assert len(events.of("lost")) == 1 and len(set(events.of("starts"))) == SEEDS - 1


class Killer:
    """Kills runs and their workers at random moments, and counts what it hit."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.hit = Counter()

    def run(self, output):
        """Begins a run, and kills a worker up to twice, which a trial survives, and mostly the run;
        whether it came to its end."""
        before = kept(output)
        with begin(output, self.draw.choice("12"), pause=0.03) as run:
            for _ in range(self.draw.randrange(3)):
                self.wait(run)
                if started := workers(run.pid):
                    self.count("worker", output)
                    os.kill(self.draw.choice(started), signal.SIGKILL)
            if self.draw.random() < 0.8:
                self.wait(run)
            else:
                run.communicate()
            if over := run.poll() is not None:
                assert run.returncode == 0
            else:
                self.count("run", output)
                end(run)
        assert before.items() <= kept(output).items(), "no finished trial is trained again"
        return over

    def wait(self, run):
        """Until some moment: while it begins, or behind some steps."""
        if self.draw.random() < 0.2:
            time.sleep(self.draw.uniform(0, 4))
            return
        for _ in islice(run.stdout, self.draw.randrange(1, 16)):
            pass
        time.sleep(self.draw.uniform(0, 0.3))

    def count(self, whom, output):
        self.hit[whom] += 1
        self.hit["with a checkpoint"] += any((output / "checkpoints").glob("*.pt"))


def kept(output):
    """Return the existing records with the times they were written."""
    return {path: path.stat().st_mtime_ns for path in (output / "trials").glob("*.json")}


@pytest.mark.torture
def test_at_random_moments(undisturbed, tmp_path):
    """Kill and restart runs until they finish, each in a new folder."""
    killer, folders = Killer(0), 0
    while killer.hit["run"] + killer.hit["worker"] < KILLS:
        output, folders = tmp_path / str(folders), folders + 1
        while not killer.run(output):
            pass
        assert found(output) == undisturbed
        print(folders, dict(killer.hit))
    assert killer.hit["with a checkpoint"] > KILLS / 3, "trials in progress were hit"
