"""The wheel holds what the package needs at run time."""

import re
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
EXTENSIONS = re.compile(r"(?ms)^\[\[tool\.setuptools\.ext-modules\]\].*?(?=^\[)")
IGNORED = shutil.ignore_patterns("__pycache__", "*.so")


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """Names in a wheel built from a copy of the tree, without the compiled kernel."""
    tree, wheels = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheels")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=IGNORED)
    for name in ("cli.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    project, removed = EXTENSIONS.subn("", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert removed == 1
    (tree / "pyproject.toml").write_text(project, encoding="utf-8")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", wheels, tree]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


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
