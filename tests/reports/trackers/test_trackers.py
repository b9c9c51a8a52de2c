"""`--log`: real trackers, offline, with real trials."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ablations.run.events import Listener, Notice
from ablations.study.run_settings import TRACKERS
from reports.trackers.listeners import Listeners

NAME = "K=3, 16 group channels, r=4, seed 0"
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
from ablations.run.events import Listener, PointMeasured, RunEnded, TrialRecorded, TrialStarted

class Log(Listener):
    def __init__(self, output):
        self.told = []

    def on(self, event):
        match event:
            case TrialStarted(trial, steps):
                self.told.append(["starts", trial.seed, steps])
            case PointMeasured(_, point):
                self.told.append(["point", point.steps, point.top1])
            case TrialRecorded(_, record, reused):
                self.told.append(["ends", record.top1, reused])
            case RunEnded():
                open("told.json", "w").write(json.dumps(self.told))

class Fails(Listener):
    def __init__(self, output):
        pass

    def on(self, event):
        if isinstance(event, TrialStarted):
            raise OSError(28, "No space left on device")

class Exits(Fails):
    def on(self, event):
        if isinstance(event, TrialStarted):
            raise SystemExit(3)

def number(output):
    return 3
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine.py").write_text(OWN)
    return folder


@pytest.fixture(scope="module")
def logged(own):
    """Return the folder of a run that every installed tracker logged, and its output."""
    here = [name for name in TRACKERS if importlib.util.find_spec(name)]
    log = ",".join(["mine:Fails", "mine:Exits", "mine:Log", *here])
    quiet = {"TRACKIO_DIR": str(own / "trackio"), "WANDB_MODE": "offline"}
    done = run(own, "--seeds", "1", "--log", log, **quiet)
    assert done.returncode == 0, done.stderr
    return own, done


def top1(folder):
    (record,) = (folder / "out" / "trials").glob("*.json")
    return json.loads(record.read_text())["top1"]


def test_a_log_of_ones_own_hears_of_every_point(logged):
    folder, _ = logged
    starts, *points, ends = json.loads((folder / "told.json").read_text())
    assert starts == ["starts", 0, 2]
    assert [step for _, step, _ in points] == [1, 2]
    assert points[-1][2] == top1(folder)
    assert ends == ["ends", top1(folder), False]


def test_one_that_fails_ends_nothing(logged):
    _, done = logged
    assert done.stderr.count("tracker disabled for the rest of the run") == 2
    assert "--log mine:Exits: SystemExit: 3; tracker disabled" in done.stderr
    assert "--log mine:Fails: OSError: [Errno 28] No space left on device" in done.stderr


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("mine:number", "returns int, expected an ablations.run.events.Listener"),
        ("mine:nothing", "the module mine has no nothing"),
        ("mine:Log,mine:Log", "names mine:Log twice"),
        ("tensorbored", "must be tensorboard, trackio, wandb or module:object"),
    ],
)
def test_what_is_no_log_is_refused_before_anything_is_written(own, log, line):
    done = run(own, "--log", log, "--output", "refused")
    assert done.returncode == 2
    assert line in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (own / "refused").exists()


def scalars(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder))
    found.Reload()
    return {tag: [(e.step, e.value) for e in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


@needs("tensorboard")
def test_tensorboard_has_the_curve(logged):
    folder, _ = logged
    (events,) = (folder / "out" / "tensorboard").iterdir()
    assert events.name == NAME
    found = scalars(events)
    assert [step for step, _ in found["top1"]] == [1, 2]
    assert found["top1"][-1][1] == pytest.approx(top1(folder))
    assert found["loss"]
    assert found["end/params"][0][1] > 70_000


@needs("trackio")
def test_trackio_has_the_trial_and_does_not_speak(logged):
    folder, done = logged
    assert "rackio" not in done.stdout + done.stderr
    code = (
        "import json, trackio; (run,) = trackio.Api().runs('out');"
        "print(json.dumps([run.name, run.config['seed']]))"
    )
    read = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TRACKIO_DIR": str(folder / "trackio")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(read.stdout.splitlines()[-1]) == [NAME, 0]


@needs("wandb")
def test_wandb_keeps_a_run_offline(logged):
    folder, _ = logged
    assert len([*(folder / "out" / "wandb").glob("offline-run-*/*.wandb")]) == 1


def test_every_event_is_passed_on():
    told = []

    class Watching(Listener):
        def on(self, event):
            told.append(event)

    event = Notice("a line")
    Listeners([Watching()], [("other", Watching())]).on(event)
    assert told == [event, event]
