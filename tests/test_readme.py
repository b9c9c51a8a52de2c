"""The examples of the README, run as they stand there but for their budget."""

import re
import sys
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape

from ablations.study.builder import parse_study

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)


def block(language, holding):
    (found,) = [text for name, text in BLOCKS if name == language and holding in text]
    return found


@pytest.mark.parametrize(
    "holding", ["layer = Involution(64, kernel_size=7, stride=2", "AttentionGenerator"]
)
def test_library_examples_run(holding):
    exec(compile(block("python", holding), "README.md", "exec"), {})


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    (tmp_path / "mine.py").write_text(block("python", "class SameEverywhere"))
    study = block("toml", "pixel-specific")
    for budget in ("epochs = 8", "seeds = 8"):
        assert budget in study
    return study.replace("epochs = 8", "steps = 2").replace("seeds = 8", "seeds = 2")


def test_a_generator_of_ones_own(run, tmp_path, mine):
    (tmp_path / "study.toml").write_text(mine)
    result = run("run", "study.toml", "--output", "out")
    assert result.code == 0, result.err
    table = pd.read_csv(tmp_path / "out" / "tables" / "pixel-specific.csv")
    assert table["variant"].tolist() == [
        "r=4, 3", "r=4, 7", "mine:SameEverywhere, 3", "mine:SameEverywhere, 7",
    ]  # fmt: skip
    assert table["proof"].tolist() == ["closed form"] * 2 + ["two counters"] * 2
    assert table["verified"].all() and (table["seeds"] == 2).all()
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "counted by two counters, which agree" in " ".join(page.split())
    assert escape(mine) in page


def test_a_network_of_ones_own(run, tmp_path, mine):
    family = re.search(r"`(family = \[.*?\])`", README)[1]
    text = f'name = "plain"\naxes.{family}\n[settings]\nsteps = 2\nseeds = 1\n'
    assert parse_study(text).axes["family"] == ("resnet", "mine:plain")
    (tmp_path / "plain.toml").write_text(text)
    result = run("run", "plain.toml", "--output", "out")
    assert result.code == 0, result.err
    table = pd.read_csv(tmp_path / "out" / "tables" / "plain.csv")
    widths = [3, 64, 128, 256, 512]
    convolutions = sum(9 * a * b + b for a, b in pairwise(widths))
    plain = convolutions + 2 * sum(widths[1:]) + 512 * 1000 + 1000
    assert table["params"].tolist() == [25_557_032, plain]
