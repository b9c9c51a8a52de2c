"""The example scripts and studies, run as a user runs them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from markupsafe import escape
from PIL import Image

from ablations.study.builder import make_study, parse_study
from ablations.study.shipped_studies import ABLATIONS, shipped_study
from ablations.study.study import distinct_variants
from ablations.study.variants import Variant
from involution_core import Involution1d

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
    assert {path.stem for path in EXAMPLES.glob("*.toml")} == {*STUDIES, "paper"}


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


def test_the_generator_fits_windows_that_are_no_squares(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    from own_generator import SameEverywhere

    layer = Involution1d(16, 5, 2, generator=SameEverywhere)
    assert layer(torch.randn(2, 16, 9)).shape == (2, 16, 5)


def test_the_papers_study_has_the_rows_of_its_tables():
    study = make_study(parse_study((EXAMPLES / "paper.toml").read_text(encoding="utf-8")))
    rows = distinct_variants([shipped_study(name) for name in ABLATIONS])
    assert len(study.variants) == len(rows) and {*study.variants.values()} == {*rows}
    assert study.variants[study.baseline] == Variant()


@pytest.fixture
def photographs(tmp_path):
    """A folder of noise, of two classes."""
    generator = np.random.default_rng(0)
    for part, count in (("train", 4), ("val", 1)):
        for label in ("cat", "dog"):
            folder = tmp_path / "photographs" / part / label
            folder.mkdir(parents=True)
            for place in range(count):
                pixels = generator.integers(0, 256, (240, 300, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{place}.jpg")
    return tmp_path / "photographs"


def check_the_recipe(run, tmp_path, photographs, *smaller):
    """Trains the first network of the paper's study by its recipe, for two steps."""
    before, *variants = (EXAMPLES / "paper.toml").read_text(encoding="utf-8").split("[[variants]]")
    after = variants[-1].partition("[settings]")[2]
    text = "[[variants]]".join([before, variants[0]]) + "[settings]" + after
    (tmp_path / "paper.toml").write_text(text, encoding="utf-8")
    given = (f"dataset=imagefolder:{photographs}", "steps=2", "batch_size=2", "accumulate=2")
    sets = [word for text in (*given, *smaller) for word in ("--set", text)]
    result = run("run", "paper.toml", *sets, "--output", "out", "--workers", "0")
    assert result.code == 0, result.err
    (path,) = (tmp_path / "out" / "trials").glob("*.json")
    record = json.loads(path.read_text())
    assert record["failure"] is None and record["top1"] in (0, 50, 100)
    assert [point["steps"] for point in record["curve"]] == [1, 2]
    assert "2 classes, cropped to 224x224 pixels" in record["data"]
    recipe = {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 1e-4, "lr": 0.8, "warmup": "5",
              "warmup_from": 0.25, "label_smoothing": 0.1, "zero_gamma": "yes", "span_init": "he",
              "accumulate": 2}  # fmt: skip
    assert recipe.items() <= record["settings"].items()
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "linear warm-up over 5 epochs from 0.25 of the rate, cosine to zero" in page
    return record, page


def test_the_papers_recipe(run, tmp_path, photographs):
    small = ("model=rednet-small", "cost_model=rednet-small", "image_size=224")
    check_the_recipe(run, tmp_path, photographs, *small)


def test_the_papers_recipe_in_two_processes(run, tmp_path, photographs):
    small = ("model=rednet-small", "cost_model=rednet-small", "image_size=224")
    record, page = check_the_recipe(run, tmp_path, photographs, *small, "processes=2")
    assert record["settings"]["processes"] == 2
    assert "each batch shared by 2 processes" in page


@pytest.mark.torture
def test_the_papers_recipe_on_rednet_50(run, tmp_path, photographs):
    check_the_recipe(run, tmp_path, photographs)


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
