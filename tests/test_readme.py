"""The code blocks of README and docs run; their commands, links and figures exist."""

import re
from pathlib import Path

import pytest
import torch

import cli
from ablations.study.builder import parse_study
from involution_core import ARCHITECTURES, RedNet

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LARGEST_README = 1000  # words


def blocks(language):
    """The code blocks of a language, by page and number; with the rest of their first line."""
    return [
        pytest.param(text, rest.strip(), id=f"{page.relative_to(ROOT)}-{number}")
        for page in PAGES
        for number, (rest, text) in enumerate(
            re.findall(rf"```{language}\b(.*?)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        )
    ]


@pytest.mark.parametrize(("text", "rest"), blocks("python"))
def test_python_runs(text, rest, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = compile(text, "block", "exec")
    if not rest:  # a title says what a block needs that is not here
        exec(code, {})


@pytest.mark.parametrize(("text", "rest"), blocks("toml"))
def test_toml_is_a_study(text, rest):
    parse_study(text)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "docs" / "recipe").glob("*.toml")), ids=lambda file: file.stem
)
def test_what_was_chosen_by_top1_was_chosen_on_the_validation_split(file):
    assert parse_study(file.read_text("utf-8")).settings["split"] == "validation"


def test_own_code_of_the_docs_makes_networks():
    page = (ROOT / "docs" / "own-code.md").read_text("utf-8")
    mine: dict = {}
    for module in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(module, mine)
    architecture = ARCHITECTURES["rednet-small"]
    images = torch.zeros(2, 3, 32, 32)
    network = RedNet(architecture, generator=mine["SameEverywhere"])
    assert network(images).shape == mine["plain"](architecture, classes=10)(images).shape == (2, 10)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_links_exist(page):
    text = page.read_text("utf-8")
    called = set(re.findall(r"involution-ablate (?:plan )?([a-z][a-z-]*)\b", text))
    assert called <= {*cli.cli.commands, *cli.cli.commands["plan"].commands}
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert link.startswith("https://") or (page.parent / link).exists(), link


def test_every_command_is_in_the_readme():
    text = PAGES[0].read_text("utf-8")
    table = text.partition("## Commands")[2].partition("##")[0]
    assert set(re.findall(r"`([a-z-]+)(?: [A-Z ]+)?`", table)) >= set(cli.cli.commands)


def test_the_readme_is_short():
    assert len(PAGES[0].read_text("utf-8").split()) <= LARGEST_README
