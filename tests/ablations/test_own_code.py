import pytest

from ablations.own_code import fingerprint, load_object


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
        ("raise ValueError('a\\nb')", "cannot import mine_bad .b."),
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
