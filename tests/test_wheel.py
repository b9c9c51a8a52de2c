"""The wheel holds what the package needs at run time."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("ablations", "commands", "involution_core", "reports")
LEFT_OUT = (".pyc", ".so", ".cpp", ".h", ".png")
"""What is compiled, what it is compiled from, and the README's pictures."""
IGNORED = shutil.ignore_patterns("__pycache__", "*.so")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from a copy of the tree where there is no compiler."""
    tree, wheels = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheels")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=IGNORED)
    for name in ("cli.py", "README.md", "LICENSE", "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, tree / name)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", wheels, tree]
    without = {**os.environ, "CC": "false", "CXX": "false"}
    built = subprocess.run(command, capture_output=True, text=True, env=without)
    assert built.returncode == 0, built.stderr
    (wheel,) = wheels.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def held(wheel):
    """The names in it."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_without_a_compiler_it_is_for_every_machine(wheel, held):
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not any(name.endswith(".so") for name in held)


def test_it_holds_every_module_and_data_file(held):
    needed = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in LEFT_OUT
    }
    assert {f"{package}/py.typed" for package in PACKAGES} <= needed
    assert not (needed | {"cli.py"}) - held


def test_it_holds_nothing_else(held):
    tops = {name.split("/")[0] for name in held}
    assert {top for top in tops if not top.endswith(".dist-info")} == {*PACKAGES, "cli.py"}
