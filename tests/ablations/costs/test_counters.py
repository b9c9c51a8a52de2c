"""Without fvcore torch's counter alone proves the counts."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

WITHOUT_FVCORE = """
import sys
from importlib.abc import MetaPathFinder

class Gone(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "fvcore":
            raise ImportError("cannot import name '_get_trace_graph' from 'torch.jit'")

sys.meta_path.insert(0, Gone())
import cli
cli.main()
"""


@pytest.fixture
def without_fvcore(tmp_path):
    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-c", WITHOUT_FVCORE, *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": ""},
            capture_output=True,
            text=True,
        )

    return run


def test_one_module_imports_fvcore():
    importing = set()
    for folder in ("ablations", "involution_ablate", "involution_core", "reports"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fvcore"):
                    importing.add(path.relative_to(ROOT).as_posix())
    assert importing == {"ablations/costs/fvcore_counter.py"}


def test_a_run_without_fvcore_is_proven_by_torchs_counter(without_fvcore, tmp_path):
    (tmp_path / "mine.py").write_text(OWN_FAMILY)
    (tmp_path / "study.toml").write_text(STUDY)
    result = without_fvcore("run", "study.toml", "--no-train")
    assert result.returncode == 0, result.stderr
    assert result.stderr.splitlines() == [
        "fvcore cannot be imported: ImportError: cannot import name '_get_trace_graph' from "
        "'torch.jit'; PyTorch's counter counts alone"
    ]
    (folder,) = (tmp_path / "runs").iterdir()
    saved = json.loads((folder / "run.json").read_text())
    (proofs,) = saved["proofs"].values()
    assert [proof["counters"] for proof in proofs] == [["FlopCounterMode"]] * 2
    assert all(proof["mismatches"] == [] for proof in proofs)
    rednet, own = proofs
    assert rednet["counted_macs"] == rednet["closed_form_macs"]
    assert own["operations"]["elementwise"] == 8192
    page = (folder / "report.html").read_text()
    assert "this proof rests on one counter" in page
    assert "no closed form, one counter alone" in page
    assert "counted by FlopCounterMode" in page


OWN_FAMILY = """
from torch import nn


def plain(architecture, classes):
    width = 32
    return nn.Sequential(
        nn.Conv2d(3, width, 3, 2, 1), nn.SiLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(width, classes),
    )
"""

STUDY = """
name = "own"
title = "A family of my own"
[axes]
family = ["rednet", "mine:plain"]
[settings]
cost_model = "rednet-small"
"""


def test_an_uncounted_operator_is_refused_without_fvcore_too(without_fvcore, tmp_path):
    uncounted = OWN_FAMILY.replace("nn.SiLU(inplace=True)", "Waves()")
    waves = "class Waves(nn.Module):\n    def forward(self, x):\n        return x.renorm(2, 0, 1)\n"
    uncounted += f"\n\n{waves}"
    (tmp_path / "mine.py").write_text(uncounted)
    (tmp_path / "study.toml").write_text(STUDY)
    result = without_fvcore("run", "study.toml", "--no-train")
    assert result.returncode in (1, 2)
    assert "no count for operator aten::renorm" in result.stderr.splitlines()[-1]
    assert "register_macs" in result.stderr


def test_every_term_of_this_projects_networks_is_the_same_by_both():
    import torch

    from ablations.costs.fvcore_counter import count_by_fvcore
    from ablations.costs.torch_counter import count_by_torch
    from involution_core import build_network

    for settings in ({}, {"generator": "attention"}, {"generator": "W", "group_channels": "C"}):
        network, image = build_network("rednet-small", **settings), torch.zeros(1, 3, 32, 32)
        by_fvcore = count_by_fvcore(network, image)
        by_torch = count_by_torch(network, image).by_module
        for name, counts in by_torch.items():
            assert counts == by_fvcore[name], name
