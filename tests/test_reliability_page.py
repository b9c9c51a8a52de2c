"""The tests that docs/reliability.md names exist, and run in the suite that it says."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROWS = re.findall(
    r"\| `(tests/[\w/]+\.py)::(\w+)` \| (\w+) \|", (ROOT / "docs/reliability.md").read_text("utf-8")
)


def suite_of(file, name):
    """ "default" or "torture", by the marks of a test function or class."""
    for node in ast.parse((ROOT / file).read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return "default"
        if getattr(node, "name", None) == name:
            marks = {ast.unparse(mark) for mark in node.decorator_list}
            return "torture" if "pytest.mark.torture" in marks else "default"
    raise AssertionError(f"{file} has no {name}")


def test_the_page_names_tests():
    assert len(ROWS) >= 60


@pytest.mark.parametrize(("file", "name", "suite"), ROWS)
def test_a_named_test_runs_in_its_suite(file, name, suite):
    assert suite_of(file, name) == suite
