"""Files beside a study whose names Python, or the program, has as well."""

import os
import subprocess
import sys

import program

FAMILY = """
from torch import nn

def net(architecture, classes):
    return nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, classes))
"""  # noqa: E501
NAMES = ["random", "string", "reports", "torch"]
STUDY = f"""
name = "named"
title = "Named like others"
[axes]
family = {[f"{name}:net" for name in NAMES]}
[settings]
cost_model = "rednet-small"
dataset = "tiny_images:images"
steps = 1
seeds = 1
"""


def test_they_are_found_and_stand_in_for_nothing(tmp_path):
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(FAMILY)
    (tmp_path / "study.toml").write_text(STUDY)
    typed = ("run", "study.toml", "--output", "o", "--workers", "0", "--jobs", "0")
    code = "import cli; from ablations.training import bench; bench.SECONDS = 0; cli.main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *typed],
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "100", "PYTHONPATH": program.PATH},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for name in NAMES:
        assert any(f"{name}:net " in line and "(1)" in line for line in done.stdout.splitlines())
