"""Runs that are killed at any moment and begun again: real processes, real training."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from trials import DROPS, IMAGES, NETWORK, Events, run_families
from worker_processes import alive, workers

from ablations.training.weights_file import read_weights

ROOT = Path(__file__).parents[3]
WITNESSES = ROOT / "tests" / "witnesses"
NET = ["mine_kill:Drops"]
SEEDS = 2
RUNNING = {"checkpoint_every": 0.05, "save_weights": True}
TRAINING = {
    "dataset": "mine_kill:images", "workers": 0, "steps": 60, "batch_size": 4, "averaging": 0.9
}  # fmt: skip

PROGRAM = f"""
import sys
sys.path[:0] = [{str(WITNESSES)!r}, "."]
from pathlib import Path
from trials import Events, run_families

class Tells(Events):
    def step_done(self, trial, step, loss):
        print("step", flush=True)

    def trial_ends(self, trial, record, reused):
        print("kept" if reused else "trained", trial.seed, flush=True)

run_families({NET}, Path("out"), sys.argv[1], {SEEDS}, Tells(), running={RUNNING}, **{TRAINING})
"""


def begin(jobs):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, jobs],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end(process):
    """Kills a run, and waits until its workers, which end with it, are gone too."""
    started = workers(process.pid)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
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
    write_module("mine_kill", NETWORK + DROPS + IMAGES)
    kept = {"save_weights": True}
    run_families(NET, tmp_path / "undisturbed", "0", SEEDS, running=kept, **TRAINING)
    return found(tmp_path / "undisturbed")


class KillsWorker(Events):
    """Kills the process of a trial that has gone on some way, once."""

    killed = False

    def step_done(self, trial, step, loss):
        super().step_done(trial, step, loss)
        if not self.killed:
            self.killed = True
            (worker,) = workers(os.getpid())
            os.kill(worker, signal.SIGKILL)


def test_a_run_and_a_worker_are_killed(undisturbed, tmp_path):
    with begin("0") as run:
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


@pytest.mark.torture
@pytest.mark.parametrize("number", range(50))
def test_at_random_moments(undisturbed, tmp_path, number):
    """Kills a run, or one of its workers, again and again until it is over."""
    draw = random.Random(number)
    trained = []
    for attempt in range(100):
        with begin("2") as run:
            try:
                out, _ = run.communicate(timeout=draw.uniform(1, 12) if attempt < 4 else 300)
            except subprocess.TimeoutExpired:
                started = workers(run.pid)
                if started and draw.random() < 0.5:
                    os.kill(draw.choice(started), signal.SIGKILL)
                    out, _ = run.communicate(timeout=300)
                else:
                    end(run)
                    continue
        trained += [line for line in out.splitlines() if line.startswith("trained")]
        assert run.returncode == 0
        break
    assert found(tmp_path / "out") == undisturbed
    assert len(set(trained)) == len(trained)
