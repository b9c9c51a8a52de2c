"""The example scripts and studies, run as a user runs them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


def run(*arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_layer(tmp_path):
    printed = run(EXAMPLES / "layer.py", "--steps", 2, cwd=tmp_path)
    assert re.fullmatch(r"(step \d: loss \d\.\d{3}\n){2}", printed)


@pytest.mark.parametrize("study", sorted(path.stem for path in EXAMPLES.glob("*.toml")))
def test_a_study(tmp_path, study):
    for path in EXAMPLES.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    run("-m", "cli", "run", f"{study}.toml", "--no-train", "--output", "out", cwd=tmp_path)
    (table,) = (tmp_path / "out" / "tables").glob("*.csv")
    assert pd.read_csv(table)["verified"].all()
