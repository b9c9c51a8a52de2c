"""Runs that share an output folder: each trial is trained by one of them."""

import json
import subprocess
import sys
import threading
import time

import pytest
from studies import SETTINGS, records
from trials import NETWORK, Events, run_families

from ablations.records.claims import POLL, Claims
from ablations.records.files import sealed, write_json
from ablations.run.events import Notice


class Told(Events):
    """Events with what is noticed; then: what is done at the first of it."""

    def __init__(self, then=lambda: None):
        super().__init__()
        self.lines, self.then = [], then

    def on(self, event):
        super().on(event)
        if isinstance(event, Notice):
            self.lines.append(event.line)
            if len(self.lines) == 1:
                self.then()


@pytest.mark.parametrize("ends", ["recorded", "given up"])
def test_a_trial_of_another_run_is_waited_for(tmp_path, write_module, ends):
    write_module("mine_shared", NETWORK)
    families, output = ["mine_shared:Net"], tmp_path / "out"
    (first, second), _ = run_families(families, tmp_path / "before", "0", seeds=2)
    (file,) = (tmp_path / "before" / "trials").glob("*seed0-*.json")
    other = Claims(output, print)
    assert other.take(file.stem)

    def end():
        if ends == "recorded":
            values = json.loads(file.read_text()) | {"top1": 12.5}
            write_json(output / "trials" / file.name, sealed(values))
        other.drop(file.stem)

    events = Told(lambda: threading.Timer(POLL, end).start())
    found, _ = run_families(families, output, "0", seeds=2, events=events)
    assert [record.seed for record in found] == [0, 1]
    assert found[0].top1 == (12.5 if ends == "recorded" else first.top1)
    assert found[1].top1 == second.top1
    (line,) = events.lines
    assert line.startswith("waiting for the last trial of another run (process ")
    started = [seed for _, seed in events.of("starts")]
    assert started == ([1] if ends == "recorded" else [1, 0])
    assert not (output / "claims").exists()


def test_a_damaged_record_is_trained_again_and_no_other(tmp_path, write_module):
    write_module("mine_damaged", NETWORK)
    families, output = ["mine_damaged:Net"], tmp_path / "out"
    before, _ = run_families(families, output, "0", seeds=2)
    path = next((output / "trials").glob("*seed1-*.json"))
    path.write_bytes(path.read_bytes()[:300])
    found, events = run_families(families, output, "0", seeds=2, events=Told())
    assert [record.top1 for record in found] == [record.top1 for record in before]
    assert [seed for _, seed in events.of("starts")] == [1]
    assert path.with_name(path.name + ".corrupt").exists()


@pytest.mark.torture
@pytest.mark.parametrize("killed", [False, True])
def test_the_same_command_twice_at_once(tmp_path, killed):
    text = 'name = "s"\n[axes]\nkernel_size = [1, 3]\n'
    (tmp_path / "study.toml").write_text(text + SETTINGS.replace("seeds = 1", "seeds = 2"))
    command = [sys.executable, "-m", "cli", "run", "study.toml", "--output", "out", "--jobs", "1"]

    def start():
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=tmp_path, text=True, stdout=pipe, stderr=pipe)

    runs = [start(), start()]
    if killed:
        while not records(tmp_path / "out"):
            time.sleep(0.1)
        first = runs.pop(0)
        first.kill()
        first.communicate()
    ended = [(run.communicate(), run.returncode) for run in runs]
    assert [code for _, code in ended] == [0] * len(runs), ended
    assert len(records(tmp_path / "out")) == 4
    assert len({out for (out, _), _ in ended}) == 1
    trained = sum(err.count(" s)\n") for (_, err), _ in ended)
    timed = sum("(recorded before)" not in line for (_, err), _ in ended
                for line in err.splitlines() if line.startswith("[timing 1/"))  # fmt: skip
    assert trained <= 4 and timed == 1
    if not killed:
        assert trained == 4
