"""What ten thousand trials cost the run that gives them out: processor, memory, files.

The trials do next to nothing, one step of a linear network on four images, but go the whole way:
the engine's processes, claims, records with checksums, progress. It should cost the last trial what
it cost the first.
"""

import sys

sys.path.append(sys.path.pop(0))  # this folder last: its operator.py is not the standard library's

import os
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from measuring import arguments, goal, machine, write

from ablations.run.context import RunContext
from ablations.run.events import Event, Listener, TrialRecorded
from ablations.run.trials import run_trials
from ablations.study.all_settings import MACHINE_SETTINGS
from ablations.study.builder import common_settings, make_study, parse_study
from ablations.study.study import distinct_variants
from ablations.training.data_sets import timing_specs
from involution_ablate.commands.shared.run_request import Place, make_settings

WANTED, EVERY = 10_000, 1_000
CODE = """
import torch
from torch import nn
from torch.utils.data import TensorDataset

def network(architecture, classes):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, classes))

def images(image_size):
    shades = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, image_size, image_size)
    found = TensorDataset(shades, torch.arange(4) % 2)
    return found, found
"""
STUDY = f"""
name = "nothing"
title = "Next to nothing"
[axes]
label_smoothing = [0.0, 0.1]
[settings]
family = "nothing:network"
dataset = "nothing:images"
cost_model = "rednet-small"
steps = 1
batch_size = 2
seeds = {WANTED // 2}
"""


@dataclass(frozen=True)
class Look:
    """The run after `trials` trials: its CPU seconds, wall seconds, and memory in MiB."""

    trials: int
    processor: float
    clock: float
    memory: float


@dataclass
class Looks(Listener):
    """Looks at the run every EVERY trials."""

    looks: list[Look] = field(default_factory=list)
    ended: int = 0

    def look(self) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        memory = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        self.looks.append(Look(self.ended, time.process_time(), time.perf_counter(), memory))

    def on(self, event: Event) -> None:
        if isinstance(event, TrialRecorded):
            assert event.record.failure is None, event.record.failure
            self.ended += 1
            if self.ended % EVERY == 0:
                self.look()


def looks() -> list[Look]:
    """Run the trials in the working folder and return the measurements."""
    Path("nothing.py").write_text(CODE)
    file = parse_study(STUDY)
    machine_settings = {name: found.default for name, found in MACHINE_SETTINGS.items()}
    settings = make_settings(common_settings(file), Place(Path("out"), machine_settings), False)
    assert settings.train is not None
    variants, device = distinct_variants([make_study(file)]), torch.device("cpu")
    watching = Looks()
    watching.look()
    context = RunContext(settings, device, watching.on)
    run_trials(context, timing_specs(variants, settings.train, device, context.data_sets))
    return watching.looks


def main() -> None:
    options = arguments(__doc__)
    print(machine())
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        found = looks()
        size = sum(file.stat().st_size for file in Path("out").rglob("*") if file.is_file())
        os.chdir("/")
    print(f"\n{'trials':>8} {'run, ms a trial':>16} {'trials an hour':>15} {'run, MiB':>9}")
    costs = []
    for before, after in pairwise(found):
        trials = after.trials - before.trials
        costs.append(1e3 * (after.processor - before.processor) / trials)
        hourly = 3600 * trials / (after.clock - before.clock)
        print(f"{after.trials:8} {costs[-1]:16.2f} {hourly:15,.0f} {after.memory:9.0f}")
    grown = 1e6 * (found[-1].memory - found[1].memory) / (found[-1].trials - found[1].trials)
    print(
        f"\nrecords: {size / WANTED / 1e3:.1f} kB a trial; the run's memory: {grown / 1e3:.2f} kB\n"
    )
    goals = [
        goal("the run's processor a trial, last thousand / second", costs[-1] / costs[1], "<=", 1.2)
    ]
    write(options.json, {"looks": [vars(look) for look in found], "goals": goals})


if __name__ == "__main__":
    main()
