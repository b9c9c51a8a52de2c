"""The example scripts and studies, run as a user runs them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


def run_file(*arguments, cwd):
    # One thread, so that other tests at the same time do not make these steps wait for each other.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_layer(tmp_path):
    printed = run_file(EXAMPLES / "layer.py", "--steps", 2, cwd=tmp_path)
    assert re.fullmatch(r"(step \d: loss \d\.\d{3}\n){2}", printed)


def test_the_backbone(tmp_path):
    printed = run_file(EXAMPLES / "backbone.py", cwd=tmp_path)
    assert printed.splitlines() == [
        "{'layer1': 64, 'layer2': 128, 'layer3': 256, 'layer4': 512}",
        "bbox_regression, classification",
    ]


STUDIES = {"own-generator": 2, "own-network": 1, "own-data": 0}
"""Study -> its variants that are a user's code, and so have no closed form."""


def test_every_study_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.toml")} == {*STUDIES}


@pytest.mark.parametrize(("study", "own"), STUDIES.items())
def test_a_study(run, tmp_path, study, own):
    for path in EXAMPLES.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    file = tmp_path / f"{study}.toml"
    text, changed = re.subn("epochs = 8", "steps = 2", file.read_text(encoding="utf-8"))
    assert changed == 1
    file.write_text(text.replace("seeds = 8", "seeds = 2"), encoding="utf-8")
    quick = ("--set", "cost_model=rednet-small", "--output", "out")
    assert run("run", file.name, *quick).code == 0
    name = re.search('^name = "(.*)"$', text, re.MULTILINE)[1]
    table = pd.read_csv(tmp_path / "out" / "tables" / f"{name}.csv")
    assert table["verified"].all()
    assert (table["seeds"] == 2).all()
    assert (table["proof"] == "two counters").sum() == own
    assert escape(text.splitlines()[1]) in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_the_notebook(run, tmp_path):
    pages = json.loads((EXAMPLES / "results.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in pages["cells"] if cell["cell_type"] == "code"]
    (started,) = [cell for cell in cells if cell.startswith("!involution-ablate ")]
    command = started.removeprefix("!involution-ablate ").split()
    assert run(*command, "--steps", "2", "--seeds", "2").code == 0
    names: dict = {}
    for cell in cells:
        if cell != started:
            exec(cell, names)
    assert "<table" in names["results"]._repr_html_()
