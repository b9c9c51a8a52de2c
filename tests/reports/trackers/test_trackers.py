"""`--log`: real trackers, offline, told of real trials."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ablations.training.progress import Progress
from reports.trackers.observers import Observers

CLI = Path(__file__).parents[3] / "cli.py"
STUDY = [
    "kernel-size",
    "--sizes",
    "3",
    "--steps",
    "2",
    "--cost-model",
    "rednet-small",
    "--jobs",
    "0",
]


def needs(name):
    missing = importlib.util.find_spec(name) is None
    return pytest.mark.skipif(missing, reason=f"the extra {name} is not installed")


def run(folder, *options, **variables):
    return subprocess.run(
        [sys.executable, CLI, *STUDY, "--output", "out", *options],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


OWN = """
import json
from ablations.training.progress import Progress

class Log(Progress):
    def __init__(self, output):
        self.told = []

    def trial_starts(self, trial, steps):
        self.told.append(["starts", trial.seed, steps])

    def point_measured(self, trial, point):
        self.told.append(["point", point.steps, point.top1])

    def trial_ends(self, trial, record, reused):
        self.told.append(["ends", record.top1, reused])

    def run_ends(self):
        open("told.json", "w").write(json.dumps(self.told))

class Fails(Progress):
    def __init__(self, output):
        pass

    def trial_starts(self, trial, steps):
        raise OSError(28, "No space left on device")

def number(output):
    return 3
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    return tmp_path


def top1(folder):
    (record,) = (folder / "out" / "trials").glob("*.json")
    return json.loads(record.read_text())["top1"]


def test_a_log_of_ones_own_hears_of_every_point_and_one_that_fails_ends_nothing(own):
    done = run(own, "--seeds", "1", "--log", "mine:Fails,mine:Log")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("it is told no more") == 1
    assert "--log mine:Fails: [Errno 28] No space left on device" in done.stderr
    starts, *points, ends = json.loads((own / "told.json").read_text())
    assert starts == ["starts", 0, 2]
    assert [step for _, step, _ in points] == [1, 2]
    assert points[-1][2] == top1(own)
    assert ends == ["ends", top1(own), False]


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("mine:number", "gives a int, which is no ablations.training.progress.Progress"),
        ("mine:nothing", "the module mine has no nothing"),
        ("tensorbored", "must be tensorboard, trackio, wandb or module:object"),
    ],
)
def test_what_is_no_log_is_refused_before_anything_is_written(own, log, line):
    done = run(own, "--log", log)
    assert done.returncode == 2
    assert line in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (own / "out").exists()


def scalars(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder))
    found.Reload()
    return {tag: [(e.step, e.value) for e in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


@needs("tensorboard")
def test_tensorboard_has_the_curve(tmp_path):
    done = run(tmp_path, "--seeds", "1", "--log", "tensorboard")
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "out" / "tensorboard").iterdir()
    assert folder.name == "K=3, 16 group channels, r=4, seed 0"
    found = scalars(folder)
    assert [step for step, _ in found["top1"]] == [1, 2]
    assert found["top1"][-1][1] == pytest.approx(top1(tmp_path))
    assert found["loss"]
    assert found["end/params"][0][1] > 70_000


@needs("trackio")
def test_trackio_has_the_curve(tmp_path):
    done = run(tmp_path, "--seeds", "1", "--log", "trackio", TRACKIO_DIR=str(tmp_path / "db"))
    assert done.returncode == 0, done.stderr
    assert "Trackio" not in done.stdout
    code = (
        "import json, trackio; (run,) = trackio.Api().runs('out');"
        "print(json.dumps([run.name, run.metrics()]))"
    )
    read = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TRACKIO_DIR": str(tmp_path / "db")},
        capture_output=True,
        text=True,
        check=True,
    )
    name, _ = json.loads(read.stdout.splitlines()[-1])
    assert name == "K=3, 16 group channels, r=4, seed 0"


@needs("wandb")
def test_wandb_keeps_a_run_for_each_trial_offline(tmp_path):
    done = run(tmp_path, "--seeds", "2", "--log", "wandb", WANDB_MODE="offline")
    assert done.returncode == 0, done.stderr
    assert len([*(tmp_path / "out" / "wandb").glob("offline-run-*/*.wandb")]) == 2


def test_every_event_is_passed_on():
    told = []

    class Watching(Progress):
        def notice(self, line):
            told.append(line)

    Observers(Watching(), [("other", Watching())]).notice("a line")
    assert told == ["a line", "a line"]
    events = {name for name in vars(Progress) if not name.startswith("_")}
    assert events <= set(vars(Observers))
