"""The houses stand on each other in one order, and so do the rooms of ablations."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = ["involution_core", "ablations", "reports", "involution_ablate", "cli"]


ROOMS = ["statistics", "settings", "networks", "data", "study", "costs", "training", "records",
         "results", "run"]  # fmt: skip
"""The rooms of ablations: each imports from those before it alone."""


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", ORDER)
def test_imports_point_one_way(package):
    files = [ROOT / "cli.py"] if package == "cli" else sorted((ROOT / package).rglob("*.py"))
    assert files
    above = set(ORDER[ORDER.index(package) + 1 :])
    for path in files:
        assert not above & set(imported(path)), path


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_stand_on_each_other(room):
    folders = {path.name for path in (ROOT / "ablations").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == set(ROOMS)
    above = {f"ablations.{name}" for name in ROOMS[ROOMS.index(room) + 1 :]}
    for path in (ROOT / "ablations" / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert ".".join(node.module.split(".")[:2]) not in above, path


WITHOUT_TORCH = [
    *("cli", "involution_ablate", "reports.page.report_files", "reports.page.run_comparison"),
    "reports.screen.proof_table",
    *(
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "ablations").rglob("*.py"))
        if "No torch" in path.read_text(encoding="utf-8").split('"""')[1]
    ),
]


def loaded_by(modules, unwanted):
    """The first of `modules` whose import loads a package of `unwanted`, empty if none does.

    One interpreter imports them all, one after another.
    """
    code = (
        f"import importlib, sys\n"
        f"for name in {modules!r}:\n"
        f"    importlib.import_module(name)\n"
        f"    if found := {unwanted!r} & set(sys.modules):\n"
        f"        sys.exit(f'{{name}} loads {{found}}')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    return done.stderr


def test_help_bad_input_and_rendering_need_no_torch():
    assert loaded_by(WITHOUT_TORCH, {"torch"}) == ""


def test_data_frames_are_imported_where_one_is_asked_for():
    modules = ["ablations", "ablations.results.results", "cli"]
    assert loaded_by(modules, {"torch", "pandas"}) == ""


def test_ray_is_imported_by_its_own_files_alone():
    own = {ROOT / "ablations/run/engines" / name for name in ("ray_engine.py", "ray_tasks.py")}
    files = [path for package in ORDER[:-1] for path in (ROOT / package).rglob("*.py")]
    assert {path for path in files if "ray" in set(imported(path))} == own


def test_no_two_files_of_the_reports_have_the_same_name():
    names = [path.name for path in (ROOT / "reports").rglob("*.py") if path.name != "__init__.py"]
    assert len(names) == len(set(names))
