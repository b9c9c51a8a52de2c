"""What the product imports is declared in pyproject.toml, and its tests need no pytest-xdist."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("ablations", "involution_ablate", "involution_core", "reports")
BROUGHT_BY_TORCH = {"triton"}
"""Imported only where the installed torch has it."""


def imported_packages():
    """Top-level names imported anywhere in the product, inside functions too."""
    files = [ROOT / "cli.py", *(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module.partition(".")[0]


def declared_distributions():
    """Normalised names of all dependencies, the product's extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    lists = [project["dependencies"], *(extras[name] for name in extras.keys() - {"test", "docs"})]
    requirements = [line for found in lists for line in found]
    return {re.match(r"[\w.-]+", line)[0].lower() for line in requirements}


def test_every_import_is_declared():
    own = {*PACKAGES, "cli"}
    foreign = set(imported_packages()) - own - sys.stdlib_module_names - BROUGHT_BY_TORCH
    assert {"torch", "PIL", "markupsafe"} <= foreign
    distributions = packages_distributions()
    declared = declared_distributions()
    undeclared = {
        name
        for name in foreign
        if not {found.lower() for found in distributions.get(name, [name])} & declared
    }
    assert undeclared == set()


def test_the_suite_runs_without_xdist(tmp_path):
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", "-q"]
    own = f"--basetemp={tmp_path / 'own'}"  # not a folder that other suites clean up
    done = subprocess.run(
        [*command, own, "tests/ablations/test_errors.py"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed in " in done.stdout
