import time
import tomllib

import pytest

from ablations.study.toml_lines import key_lines, line_of

EVERYTHING = (
    r'''# name = "no"
name = "x"  # [axes]
title = """
lr = 3
[axes]
a quote: \""", and
"""
[ axes ]  # [settings]
lr = [
  # epochs = 3
  0.1, ']', "#",
  [2, "="]
]
  depth = [26]
"a.b" . c = 1
'q"=' = {epochs = 1, steps = 2}
[[variants]]
x.y = 1
[[variants]]
[variants.sub]
z = """"""
w = \'\'\'
it's ] a '''
    r"""
width = 3
\'\'\'
["[s]"]
u = "a\\"
"é" = 1
""".replace(r"\'", "'")
)


def test_every_kind_of_statement():
    text = EVERYTHING
    tomllib.loads(text)
    assert key_lines(text) == {
        ("name",): 2,
        ("title",): 3,
        ("axes",): 8,
        ("axes", "lr"): 9,
        ("axes", "depth"): 14,
        ("axes", "a.b"): 15,
        ("axes", "a.b", "c"): 15,
        ("axes", 'q"='): 16,
        ("variants",): 17,
        ("variants", 0): 17,
        ("variants", 0, "x"): 18,
        ("variants", 0, "x", "y"): 18,
        ("variants", 1): 19,
        ("variants", 1, "sub"): 20,
        ("variants", 1, "sub", "z"): 21,
        ("variants", 1, "sub", "w"): 22,
        ("[s]",): 26,
        ("[s]", "u"): 27,
        ("[s]", "é"): 28,
    }


def test_windows_ends_of_lines():
    assert key_lines('a = """\r\nb = 1\r\n"""\r\n\r\nc = 2\r\n') == {("a",): 1, ("c",): 5}


def test_what_only_some_editors_take_for_ends_of_lines():
    assert key_lines('a = "\u2028\u0085"\nb = 1\n') == {("a",): 1, ("b",): 2}


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("variants", 1, "width"), 19),
        (("axes", 'q"=', "epochs"), 16),
        (("axes", "lr"), 9),
        (("nowhere", "to", "be", "found"), 1),
        ((), 1),
        ((12,), 12),
    ],
)
def test_a_key_without_a_line_has_that_of_its_table(key, line):
    assert line_of(key_lines(EVERYTHING), key) == line


def test_long_files_take_no_time():
    text = "[axes]\nlr = [\n" + "0.1,\n" * 20_000 + "]\n" + "[[variants]]\nlr = 1\n" * 2_000
    start = time.perf_counter()
    lines = key_lines(text)
    assert time.perf_counter() - start < 5  # seconds; a tenth of one is usual
    assert lines[("variants", 1_999, "lr")] == 20_003 + 4_000
