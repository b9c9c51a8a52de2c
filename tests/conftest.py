import gc
import importlib
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

WITNESSES = Path(__file__).parent / "witnesses"
sys.path[:0] = [str(WITNESSES), str(WITNESSES / "users")]

# The tests run in a process for each core; threads of torch in each would wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser, pluginmanager):
    """Has the suite run without pytest-xdist too, whose options pyproject.toml gives."""
    if not pluginmanager.hasplugin("xdist"):
        for option in ("--numprocesses", "--dist"):
            parser.addoption(option, help="ignored without pytest-xdist")


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory):
    """What is found out about images is kept in a folder of the tests' own."""
    os.environ["INVOLUTION_ABLATE_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def numbers_drawn():
    """What a test draws is the same in every run."""
    import torch

    torch.manual_seed(20210620)


@dataclass
class Result:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def modules_frozen():
    """What a command imports is exempt from garbage collection, which measuring memory asks for
    and which takes a quarter of a second with all of torch's modules to look through."""
    for name in ("torch._dynamo", "ablations.run.execution", "reports.page.report_files"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def run(monkeypatch, capsys, tmp_path, modules_frozen):
    """Runs the command line in this process, from an empty folder, and trials too where --jobs does
    not say otherwise. Of timing and reading, whose numbers no test of a command reads, it takes
    as little as there can be, and of the digits the first few and one placement to test on."""
    from few_digits import few_sources

    import cli
    from ablations.data import digits
    from ablations.data.images import reading_rate
    from ablations.run import capacity, planner
    from ablations.training import bench

    task = replace(digits.TASKS["digits"], placements=1)
    monkeypatch.setitem(digits.TASKS, "digits", task)
    monkeypatch.setattr(digits, "split_sources", few_sources)
    monkeypatch.setattr(capacity, "auto_jobs", lambda specs, data_sets, device: 0)
    monkeypatch.setattr(bench, "LEAST_ROUNDS", 2)
    monkeypatch.setattr(bench, "SECONDS", 0.0)
    monkeypatch.setattr(bench, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(planner, "reading_rate", partial(reading_rate, seconds=0.1))
    monkeypatch.chdir(tmp_path)

    def call(*args):
        monkeypatch.setattr(sys, "argv", ["involution-ablate", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return Result(ended.value.code or 0, printed.out, printed.err)

    return call


@pytest.fixture
def write_module(monkeypatch, tmp_path):
    """Write a user's module into an empty folder, the working folder of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    written = []

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        sys.modules.pop(name, None)
        importlib.invalidate_caches()
        written.append(name)

    yield write
    for name in written:
        sys.modules.pop(name, None)


@pytest.fixture
def mounted(tmp_path_factory):
    """Mount a new real file system with the given options, such as "size=64k" or "ro"."""
    disks = []

    def mount(options):
        disk = tmp_path_factory.mktemp("disk")
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting a small file system needs root and the right to mount")
        disks.append(disk)
        return disk

    yield mount
    for disk in disks:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture
def study(tmp_path):
    """Writes a study's file, with quick settings unless it has some."""

    import studies

    def write(text, settings=studies.SETTINGS):
        (tmp_path / "study.toml").write_text(text + settings)
        return "study.toml"

    return write
