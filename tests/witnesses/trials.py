"""Trials of tiny networks of a user's, which draw, die or fail as a test wants."""

import torch

from ablations.run.context import RunContext
from ablations.run.events import (
    Listener,
    StepDone,
    TrialLost,
    TrialPaused,
    TrialRecorded,
    TrialStarted,
)
from ablations.run.stopping import Stop
from ablations.run.trials import run_trials
from ablations.study.builder import StudyFile, make_study
from ablations.study.run_settings import RunSettings
from ablations.study.study import distinct_variants
from ablations.study.train_settings import TrainSettings
from ablations.training.data_sets import DataSets, timing_specs

CPU = torch.device("cpu")

NETWORK = """
import os, random, signal
import numpy as np
import torch
from pathlib import Path
from torch import nn

class Net(nn.Module):
    def __init__(self, architecture, classes):
        super().__init__()
        self.stem = nn.Conv2d(3, architecture.width, 3, 4, 1)
        self.classifier = nn.Linear(architecture.width, classes)

    def forward(self, x):
        if self.training:
            x = self.trained(x)
        return self.classifier(self.stem(x).relu().mean((2, 3)))

    def trained(self, x):
        return x
"""

DROPS = """
class Drops(Net):
    def trained(self, x):
        share = random.random() * np.random.rand()
        return nn.functional.dropout(x, 0.5) * share
"""


IMAGES = """
from torch.utils.data import TensorDataset

def images(image_size):
    '''Few and small, so that a trial takes no time.'''
    pictures = torch.rand(24, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    found = TensorDataset(pictures, torch.arange(24) % 3)
    return found, found
"""


TINY = {
    "dataset": "tiny_images:images", "workers": 0, "epochs": None, "steps": 2, "batch_size": 8
}  # fmt: skip
"""Two steps on a few small images."""


def dies(how, marks=0):
    """Return a network whose process ends like this in training, with `marks` so often."""
    return f"""
class Dies(Net):
    def trained(self, x):
        marks = len(list(Path().glob("mark-*")))
        if {marks} == 0 or marks < {marks}:
            Path(f"mark-{{marks}}").touch()
            {how}
        return x
"""


KINDS = {
    TrialStarted: "starts",
    StepDone: "step",
    TrialLost: "lost",
    TrialPaused: "pauses",
    TrialRecorded: "ends",
}


class Events(Listener):
    """Keeps the events of trials."""

    def __init__(self):
        self.told = []

    def on(self, event):
        if type(event) in KINDS:
            trial = event.trial
            self.told.append((KINDS[type(event)], trial.variant.family, trial.seed))

    def of(self, kind):
        """Return the trials of these events, in order."""
        return [(family, seed) for what, family, seed in self.told if what == kind]


def specs(studies, settings, data_sets=None):
    """Return the specs of all variants, as in a run."""
    variants = distinct_variants(studies)
    return timing_specs(variants, settings, CPU, data_sets or DataSets())


def run_families(families, output, jobs, seeds=1, events=None, stop=None, running=None, **training):
    """The records and events of a study of networks, each trained as in TINY but for `training`;
    running: further settings of the run."""
    study = make_study(StudyFile("s", "s", {"family": tuple(families)}))
    train = TrainSettings(**(TINY | training))
    settings = RunSettings(output, seeds=seeds, train=train, jobs=jobs, **(running or {}))
    events = events or Events()
    context = RunContext(settings, CPU, events.on, stop=stop or Stop())
    records = run_trials(context, specs([study], train, context.data_sets))
    return records, events
