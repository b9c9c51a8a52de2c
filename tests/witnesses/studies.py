"""Quick studies as files, a user's network, and what a run has kept of them."""

import json

import pandas as pd

SETTINGS = """
[settings]
seeds = 1
steps = 1
cost_model = "rednet-small"
"""
CROSSED = """
name = "crossed"
title = "Windows \\"against\\" rates"
[axes]
kernel_size = [3, 7]
lr = [0.1, 0.2]
[baseline]
lr = 0.2
"""
NETWORK = """
from torch import nn

class Net(nn.Module):
    def __init__(self, architecture, classes):
        super().__init__()
        self.stem = nn.Conv2d(3, architecture.width, 3, 2, 1)
        self.classifier = nn.Linear(architecture.width, classes)

    def forward(self, x):
        return self.classifier(self.stem(x).relu().mean((2, 3)))
"""


def records(folder):
    return [json.loads(path.read_text()) for path in sorted((folder / "trials").glob("*.json"))]


def table(folder, study):
    return pd.read_csv(folder / "tables" / f"{study}.csv")
