"""The wheel holds what the package needs at run time."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import setuptools

ROOT = Path(__file__).parent.parent
PACKAGES = ("ablations", "involution_ablate", "involution_core", "reports")
LEFT_OUT = (".pyc", ".so", ".cpp", ".h", ".png")
"""What is compiled, what it is compiled from, and the README's pictures."""
IGNORED = shutil.ignore_patterns("__pycache__", "*.so")


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    """A Python that has setuptools and no other package."""
    home = tmp_path_factory.mktemp("builder")
    venv.create(home, with_pip=False)
    (packages,) = home.glob("lib/python3*/site-packages")
    installed = Path(setuptools.__file__).parents[1]
    for folder in (
        "setuptools",
        "_distutils_hack",
        f"setuptools-{version('setuptools')}.dist-info",
    ):
        (packages / folder).symlink_to(installed / folder)
    return home / "bin" / "python"


@pytest.fixture(scope="module")
def wheel(builder, tmp_path_factory):
    """A wheel built with setuptools alone from a copy of the tree, without a compiler."""
    tree, wheels = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheels")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=IGNORED)
    for name in ("cli.py", "README.md", "LICENSE", "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, tree / name)
    options = ["--no-deps", "--no-build-isolation", "--check-build-dependencies", "--no-index"]
    command = [sys.executable, "-m", "pip", "--python", builder, "wheel", *options]
    without = {**os.environ, "CC": "false", "CXX": "false"}
    built = subprocess.run(
        [*command, "--quiet", "--wheel-dir", wheels, tree],
        capture_output=True,
        text=True,
        env=without,
    )
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
