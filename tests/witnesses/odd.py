"""Input as nobody would write it, drawn by Hypothesis: command lines, studies, saved runs."""

import json
from itertools import chain

import click
from hypothesis import strategies as st

import cli
from ablations.study.all_settings import AXES, SETTINGS

ODD = [
    *("", " ", "0", "-1", "3", "7", "1" * 400, "9" * 5000, "1e400", "nan", "-inf", "0x10", "1_0"),
    *("٣", "½", "3,5", ",", "3,3", "=", "a=b", "seeds=2", "lr=nan", "C", "W", "r=4", "r=0", "r=٤"),
    *("attention", "imagefolder:x", "imagefolder:", "imagefolder:~nobody/x", "no:such", "os:sep"),
    *("os:getcwd", "reports:net", "digits", "rednet-small", "resnet50", "auto", "cuda", "yes"),
    *("\x1b]0;x\x07", "\u202e", "\udcff", "[red]", "$x$", "é漢", "x" * 5000, "a\nb", "../..", "-"),
    *("/dev/null", "/proc/x", "~", "~nobody", "gone", "file", "file/x", "study.toml", "--", "-h"),
]
"""Values of options and settings; no folder that can be written is among them."""

odd_text = st.sampled_from(ODD) | st.text(max_size=8).filter(lambda text: "\0" not in text)

NEVER = {"--open", "--version"}
"""Opens a browser; tells nothing."""

REFUSED = ["--output", "file/below"]
"""Refused last of all that can be refused, so that nothing is counted or trained."""


def _commands():
    """Every command with the words that call it; `verify`, which takes no settings, is not."""
    groups = [((), cli.cli), (("plan",), cli.cli.commands["plan"])]
    for words, group in groups:
        for name, command in group.commands.items():
            if name not in ("plan", "verify"):
                yield (*words, name), command


def _arguments(command):
    options = [
        option
        for option in command.params
        if isinstance(option, click.Option) and not NEVER & set(option.opts)
    ]
    parts = [st.lists(odd_text, max_size=2)] + [
        st.just([option.opts[0]])
        if option.is_flag
        else st.lists(odd_text, min_size=1, max_size=3).map(
            lambda values, name=option.opts[0]: [name, *values]
        )
        for option in options
    ]
    return st.lists(st.one_of(parts), max_size=4).map(lambda found: [*chain(*found)])


def _lines(words, command):
    takes_output = any("--output" in parameter.opts for parameter in command.params)
    end = REFUSED if takes_output else []
    return _arguments(command).map(lambda typed: [*words, *typed, *end])


command_lines = st.one_of([_lines(*found) for found in _commands()])

KEYS = st.sampled_from([*SETTINGS, "output", "device", "", "a.b", "\x1b"])

VALUES = st.one_of(
    odd_text.map(lambda text: json.dumps(text.replace("\udcff", "?")).replace("\x7f", "?")),
    st.sampled_from(["nan", "-inf", "1979-05-27", "true", "0xFFFF", "[]", "{}", "''", "[[3]]"]),
    st.integers().map(str),
    st.sampled_from([3, 7, 16, 0.1, 1, 32]).map(str),
    st.floats().map(str),
    st.just("0x" + "f" * 5000),
)


def _table(heading, keys, values):
    def text(pairs):
        lines = [f"{json.dumps(key)} = {value}" for key, value in pairs]
        return "\n".join([heading, *lines, ""])

    return st.lists(st.tuples(keys, values), max_size=4, unique_by=lambda pair: pair[0]).map(text)


_levels = st.lists(VALUES, min_size=1, max_size=3).map(lambda values: f"[{', '.join(values)}]")
_axis = st.sampled_from([*AXES]) | KEYS

study_texts = st.tuples(
    st.sampled_from(['name = "s"', 'name = "S"', "name = 1", "", 'name = "s"\ntitle = "\\u202e$"']),
    st.lists(
        st.one_of(
            _table("[axes]", _axis, _levels),
            _table("[[variants]]", _axis, VALUES),
            _table("[baseline]", _axis, VALUES),
            _table("[settings]", KEYS, VALUES),
        ),
        max_size=4,
    ),
).map(lambda parts: "\n".join([parts[0], *parts[1]]))

GOOD = b"""name = "s"
title = "T"
[axes]
kernel_size = [3, 7]
lr = [0.1, 1e-2]
[settings]
steps = 1
"""

_edits = st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 2), st.binary(max_size=3)),
                  min_size=1, max_size=3)  # fmt: skip


def _edited(edits):
    text = GOOD
    for place, removed, inserted in edits:
        text = text[:place] + inserted + text[place + removed :]
    return text


study_files = st.one_of(
    study_texts.map(lambda text: text.encode("utf-8", "surrogatepass")), _edits.map(_edited)
)

ODD_JSON = st.sampled_from(
    [None, True, "", "\x1b]0;x\x07\u202e", "\ud800", "../../etc/passwd", "</script>", "7", [], {},
     [None], {"a": {}}, -1, 0, 1, 2, 10**400, 1e308, -0.5, float("nan"), float("inf")]
)  # fmt: skip


@st.composite
def spoilt(draw, values):
    """The values of a saved run, one of them another or gone, anywhere."""
    copy = here = json.loads(json.dumps(values))
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = draw(st.sampled_from(keys))
        inner = here[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.integers(0, 4)) == 0:
            break
        here = inner
    if draw(st.booleans()):
        here[key] = draw(ODD_JSON)
    else:
        del here[key]
    return copy
