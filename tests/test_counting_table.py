"""The networks of docs/counting.md: what the page says is what both counters say today."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SMALL = ("squeezenet1_1", "mobilenet_v3_small", "regnet_x_400mf", "xcit_nano_12_p16_224")


@pytest.fixture(scope="module")
def counting():
    path = list(sys.path)
    spec = importlib.util.spec_from_file_location("counting", ROOT / "benchmarks" / "counting.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["counting"] = module  # for its dataclass
    spec.loader.exec_module(module)
    sys.path[:] = path
    return module


ROWS = {
    line.split("`")[1]: line
    for line in (ROOT / "docs" / "counting.md").read_text("utf-8").splitlines()
    if re.match(r"\| (torchvision|timm) \|", line)
}


def cells(line):
    return [cell.strip().replace(",", "") for cell in line.strip("|").split("|")]


def test_the_page_has_the_networks_of_the_script(counting):
    assert list(ROWS) == [*counting.OF_TORCHVISION, *counting.OF_TIMM]


@pytest.mark.parametrize("name", ROWS)
def test_the_counters_agree_with_each_other_and_with_torchvision(name):
    *_, by_fvcore, by_torch, published = cells(ROWS[name])
    assert by_fvcore == by_torch
    assert published in ("–", f"{int(by_fvcore) / 1e9:.3f}")


def counted_again(counting, name):
    if name in counting.OF_TIMM:
        pytest.importorskip("timm")
        return counting.row(counting.of_timm(name))
    return counting.row(counting.of_torchvision(name))


@pytest.mark.parametrize("name", [name for name in ROWS if name in SMALL])
def test_small_networks_are_counted_as_the_page_says(counting, name):
    assert counted_again(counting, name) == ROWS[name]


@pytest.mark.torture
@pytest.mark.parametrize("name", ROWS)
def test_all_networks_are_counted_as_the_page_says(counting, name):
    assert counted_again(counting, name) == ROWS[name]
