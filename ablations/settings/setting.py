"""A setting, declared once, as a field of the dataclass that holds its value. No torch.

What a setting is called on the command line and in a study's file, what reads it, how the report
writes it and whether it belongs to the identity of a record all follow from this declaration.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from math import inf
from typing import Any

from ablations.errors import SettingError
from ablations.settings.readers import read_switch
from ablations.texts import text_of

Level = int | float | str
"""A value of a setting; on an axis of a study, one of its levels."""


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        read: From its text to its value; raises ValueError that says what is allowed.
        default: None where nothing is set, `dataclasses.MISSING` where a value has to be given.
        help: One sentence, without a full stop.
        example: A value, as typed.
        name: In a study's file; that of the field that holds it.
        kind: Type of its values.
        option: On the command line, "" where it is set in a study's file alone.
        metavar: Of the option.
        heading: Above a column of its levels.
        noun: In running text.
        phrase: A level in running text, where no heading stands above it.
        label: A level below its heading.
        short: A level in a figure, where there is less room.
        order: A level's place in a sorted column, where it is not that of its number.
        axis: Whether a study can vary it.
        levels_option: The option that takes several levels, in a study that varies it.
        levels_help: Help of that option.
        levels_metavar: Of that option.
        machine: Whether it belongs to the machine and not to what is measured.
        later: Whether there were records before it, whose numbers are those of its default. With
            that it is no part of an identity, so that they still answer.
    """

    read: Callable[[str], Level]
    default: Any
    help: str
    example: str
    name: str = ""
    kind: type = str
    option: str = ""
    metavar: str = "N"
    heading: str = ""
    noun: str = ""
    phrase: str = "{}"
    label: Callable[[str], str] = str
    short: Callable[[str], str] | None = None
    order: Callable[[str], float] | None = None
    axis: bool = True
    levels_option: str = ""
    levels_help: str = ""
    levels_metavar: str = "N..."
    machine: bool = False
    later: bool = False

    def place(self, level: str) -> float:
        """Where a level stands in a column that is sorted; behind all others without a number."""
        if self.order is not None:
            return self.order(level)
        try:
            return float(level)
        except ValueError:
            return inf

    def check(self, value: Level) -> Level:
        """The value as it is read; raises SettingError, in the name of the option, for one that is
        not allowed."""
        try:
            return self.read(text_of(value))
        except ValueError as error:
            written = text_of(value)
            if any("\ud800" <= character <= "\udfff" for character in written):
                written = ascii(written)
            typed = self.option.removeprefix("--") or self.name
            raise SettingError(typed, written, str(error)) from None


def setting(declared: Setting) -> Any:
    """The field of a dataclass that holds the value of a setting; the setting takes its name."""
    return field(default=declared.default, metadata={"setting": declared})


def machine_switch(option: str, help: str) -> Any:
    """The field of a dataclass that holds whether something is done that no number depends on."""
    return setting(
        Setting(
            read=read_switch,
            default=False,
            kind=bool,
            help=help,
            example="",
            option=option,
            axis=False,
            machine=True,
        )
    )


def settings_of(holder: Any) -> dict[str, Setting]:
    """The settings that a dataclass declares, by name, in the order of its fields."""
    return {
        found.name: _named(found.metadata["setting"], found.name)
        for found in fields(holder)
        if "setting" in found.metadata
    }


def _named(declared: Setting, name: str) -> Setting:
    noun = declared.noun or name.replace("_", " ")
    heading = declared.heading or noun[:1].upper() + noun[1:]
    return replace(declared, name=name, noun=noun, heading=heading)


def check_settings(holder: Any) -> None:
    """Reads every setting of `holder`, an instance, again.

    Raises:
        SettingError: For the first value that its reader does not take.
    """
    for name, declared in settings_of(holder).items():
        value = getattr(holder, name)
        if value is not None:
            declared.check(value)
