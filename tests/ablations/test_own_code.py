import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from ablations.own_code import code_of, find_file, fingerprint, is_code_of, load_object, sources

TAKEN = ["reports", "cli", "ablations", "code", "test", "click"]
"""Names of the program, of the standard library, of something installed."""


@pytest.fixture
def write_taken(monkeypatch, tmp_path):
    """Write a module with a taken name into an empty folder, the working folder of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def forget():
        for name in [name for name in sys.modules if name.startswith("ablations.working_folder.")]:
            del sys.modules[name]

    def write(name, text):
        forget()
        file = tmp_path / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return file

    yield write
    forget()


def test_an_object_is_found_from_the_folder_that_the_command_runs_in(write_module):
    write_module("mine_found", "def make():\n    return 7\n")
    assert load_object("mine_found:make")() == 7


def test_an_object_is_found_among_what_is_installed(write_module):
    from fractions import Fraction

    assert load_object("fractions:Fraction") is Fraction


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the module mine_bad has no make"),
        ("make = None", "the module mine_bad has no make"),
        ("make = 3", "make of mine_bad cannot be called"),
        ("def make(:", "cannot import mine_bad .SyntaxError: invalid syntax"),
        ("import nowhere_at_all", "cannot import mine_bad .ModuleNotFoundError: No module named"),
        ("import os\nos.nothing", "cannot import mine_bad .AttributeError: module 'os' has no"),
        ("raise ValueError('a\\nb')", "cannot import mine_bad .ValueError: a."),
        ("import sys\nsys.exit()", "cannot import mine_bad .SystemExit."),
        ("import sys\nsys.exit(0)", "cannot import mine_bad .SystemExit: 0."),
    ],
)
def test_what_cannot_be_loaded(write_module, text, message):
    write_module("mine_bad", text)
    with pytest.raises(ValueError, match=message) as raised:
        load_object("mine_bad:make")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("spec", ["mine_gone:make", "os.gone:make", "mine.gone:make"])
def test_a_module_that_is_not_there(write_module, spec):
    with pytest.raises(ValueError, match=r"cannot import .* .ModuleNotFoundError: No module named"):
        load_object(spec)


def test_an_interrupt_is_none_of_a_modules_errors(write_module):
    write_module("mine_interrupted", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_object("mine_interrupted:make")


def test_a_digest_is_of_the_code_that_runs(write_module, tmp_path):
    write_module("mine_digested", "def make():\n    return 1\n")
    first = fingerprint("mine_digested:make")
    (tmp_path / "mine_digested.py").write_text("def make():\n    return 200\n")
    assert fingerprint("mine_digested:make") == first, "nobody has imported it again"
    write_module("mine_digested", "def make():\n    return 3000\n")
    assert fingerprint("mine_digested:make") != first
    write_module("mine_digested", "def make():\n    return 1\n")
    assert fingerprint("mine_digested:make") == first


def test_a_change_of_what_the_module_imports_changes_the_digest(write_module):
    found = []
    for width in (8, 32):
        write_module("beside", f"WIDTH = {width}\n")
        write_module("outer", "import beside\n\n\ndef make():\n    return beside.WIDTH\n")
        found.append(fingerprint("outer:make"))
    assert found[0] != found[1]


@pytest.mark.parametrize("name", TAKEN)
def test_a_file_here_is_meant_whatever_else_has_its_name(write_taken, name):
    before = __import__(name)
    file = write_taken(name, "class Made:\n    pass\n\n\ndef make():\n    return 7\n")
    assert load_object(f"{name}:make")() == 7
    assert __import__(name) is before is sys.modules[name], "for others it stands in for nothing"
    assert find_file(f"{name}:make") == file
    assert list(sources([f"{name}:make"])) == [str(file)]
    assert set(code_of([f"{name}:make"])[f"{name}:make"]) == {f"{name}.py"}
    first = fingerprint(f"{name}:make")
    write_taken(name, "def make():\n    return 8000\n")
    assert fingerprint(f"{name}:make") != first


def test_a_folder_here_is_meant_too_and_takes_its_parts_along(write_taken):
    write_taken("reports/nets", "from .parts import make\n")
    write_taken("reports/parts", "def make():\n    return 7\n")
    assert load_object("reports.nets:make")() == 7
    assert set(code_of(["reports.nets:make"])["reports.nets:make"]) == {
        "reports/nets.py",
        "reports/parts.py",
    }


@pytest.mark.parametrize("name", ["commands", "core", "networks"])
def test_a_users_packages_have_the_names_that_the_program_leaves_free(tmp_path, name):
    """In a process that has imported the whole program."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "blocks.py").write_text("WIDTH = 7\n")
    (tmp_path / "mine.py").write_text(
        f"from {name}.blocks import WIDTH\n\n\ndef make():\n    return WIDTH\n"
    )
    program = (
        "import cli; from ablations.own_code import load_object as load; print(load('mine:make')())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, text=True, capture_output=True
    )
    assert done.stdout == "7\n", done.stderr


def test_the_program_starts_beside_a_users_package_of_the_same_name(tmp_path):
    for name in ("commands", "reports"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('not the program')")
    done = subprocess.run(
        [sys.executable, "-m", "involution_ablate", "--version"],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.startswith("involution-ablate, version"), done.stderr


def test_other_processes_find_the_same(write_taken, tmp_path):
    write_taken("code", "class Made:\n    pass\n")
    pickled = pickle.dumps(load_object("code:Made")())
    program = f"import pickle; print(type(pickle.loads({pickled!r})))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, text=True, capture_output=True
    )
    assert done.stdout == "<class 'ablations.working_folder.code.Made'>\n", done.stderr


def test_the_file_that_was_looked_into_is_named(write_taken, write_module):
    file = write_taken("reports", "")
    with pytest.raises(ValueError, match="module reports has no net") as raised:
        load_object("reports:net")
    assert str(file) in str(raised.value)
    with pytest.raises(ValueError, match=r"module json has no net .*json.__init__\.py"):
        load_object("json:net")


def test_a_file_is_found_without_running_it(write_module, tmp_path):
    write_module("mine_quiet", "raise SystemExit(3)\n")
    assert find_file("mine_quiet:make") == tmp_path / "mine_quiet.py"
    assert "mine_quiet" not in sys.modules
    assert find_file("xml.dom.minidom:parse").name == "minidom.py"
    assert find_file("mine_gone:make") is find_file("sys:exit") is find_file("os.gone:x") is None


def test_code_is_what_was_recorded_file_by_file(write_module, tmp_path):
    write_module("beside_it", "WIDTH = 8\n")
    write_module("mine_kept", "import beside_it\n\n\ndef make():\n    return beside_it.WIDTH\n")
    spec = "mine_kept:make"
    recorded = code_of([spec])[spec]
    assert set(recorded) == {"beside_it.py", "mine_kept.py"}
    assert is_code_of(spec, recorded)
    assert not is_code_of(spec, {}) and not is_code_of("mine_gone:make", recorded)
    (tmp_path.parent / "outside.py").write_text("")
    for name in ("../outside.py", str(tmp_path.parent / "outside.py")):
        digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        assert not is_code_of(spec, {**recorded, name: digest}), "outside of its folder"
    (tmp_path / "beside_it.py").write_text("WIDTH = 32\n")
    assert not is_code_of(spec, recorded)
