import dataclasses

import click
import pytest

from ablations.errors import SettingError
from ablations.settings.readers import (
    integer_within,
    number_within,
    one_of,
    read_count,
    read_positive,
)
from ablations.settings.setting import check_settings, setting, settings_of
from ablations.study.all_settings import AXES, SETTINGS
from cli import cli


@dataclasses.dataclass(frozen=True)
class Holder:
    warm_up: int = setting(3, "Steps")
    other: str = "not a setting"

    def __post_init__(self):
        check_settings(self)


def test_a_setting_takes_its_names_from_its_field():
    (declared,) = settings_of(Holder).values()
    assert (declared.name, declared.noun, declared.heading) == ("warm_up", "warm up", "Warm up")
    assert (declared.option, declared.kind, declared.metavar) == ("--warm-up", int, "N")
    assert Holder() == Holder(3, "not a setting")


def test_a_value_is_checked_in_the_name_of_its_option():
    with pytest.raises(SettingError, match="warm-up 0: must be at least 1"):
        Holder(0)


def test_one_line_declares_a_setting():
    @dataclasses.dataclass(frozen=True)
    class Training:
        dropout: float = setting(0.0, "Dropout rate before the classifier")

    declared = settings_of(Training)["dropout"]
    assert declared.check("0.5") == 0.5 and declared.default == 0.0
    assert (declared.phrase, declared.heading) == ("dropout {}", "Dropout")
    assert declared.axis and not declared.machine
    with pytest.raises(SettingError, match=r"dropout -1: must be a number of at least 0"):
        declared.check(-1)


def test_a_text_setting_needs_its_allowed_values():
    @dataclasses.dataclass(frozen=True)
    class Training:
        activation: str = setting("relu", "Activation")

    with pytest.raises(TypeError, match="activation: a setting of type str needs choices"):
        settings_of(Training)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (read_count, "07", 7),
        (one_of(["a", "b"]), "b", "b"),
        (integer_within(8, 10), "10", 10),
        (read_positive, "1e-3", 1e-3),
        (number_within(0, 1), "0", 0.0),
    ],
)
def test_what_is_allowed_is_read(read, text, value):
    assert read(text) == value and type(read(text)) is type(value)


@pytest.mark.parametrize(
    ("read", "texts"),
    [
        (read_count, ["0", "-1", "1.0", "", "x", str(10**10)]),
        (one_of(["a", "b"]), ["", "A", "c"]),
        (integer_within(8, 10), ["7", "11", "9.0"]),
        (read_positive, ["0", "-1", "inf", "nan", "x", ""]),
        (number_within(0, 1), ["-0.1", "1", "nan", "inf", "x"]),
    ],
)
def test_what_is_not_allowed_is_not(read, texts):
    for text in texts:
        with pytest.raises(ValueError, match=r"must be|allowed"):
            read(text)


def test_every_setting_says_what_it_is_and_takes_its_own_example():
    for name, declared in SETTINGS.items():
        assert declared.help and not declared.help.endswith("."), name
        assert declared.read(declared.example) is not None, name


def test_every_setting_with_an_option_is_one_of_every_study():
    for command in ("kernel-size", "all", "envelope"):
        options = {name for found in cli.commands[command].params for name in found.opts}
        assert {found.option for found in SETTINGS.values() if found.option} <= options


def test_every_axis_that_is_shipped_has_an_option_for_its_levels():
    options = {found.levels_option for found in AXES.values() if found.levels_option}
    shipped = [cli.commands[name] for name in ("kernel-size", "group-channels", "envelope")]
    typed = {opt for command in shipped for found in command.params for opt in found.opts}
    assert {"--sizes", "--channels", "--families", "--depths"} <= options & typed
    assert all(isinstance(command, click.Command) for command in shipped)


@pytest.mark.parametrize("size", ["7x32", "32x", "x32", "32x32x32", "32X40", "32 x 40", "8x2049"])
def test_what_is_no_image_size_is_told(size):
    with pytest.raises(SettingError, match="of at least 8 and at most 2048, or two of them, HxW"):
        SETTINGS["image_size"].check(size)
