"""Settings, each declared in one line as a dataclass field. No torch.

The name and annotation of the field and the arguments of `setting` give the command line option,
the key in a study's TOML file, the labels in the report and the place in a record's identity.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from math import inf
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from ablations.errors import SettingError
from ablations.settings.readers import one_of, read_count, read_number, read_path, read_switch
from ablations.texts import text_of

Level = int | float | str
"""A value of a setting; on an axis of a study, one of its levels."""

_READERS: dict[type, Callable[[str], Level]] = {
    int: read_count,
    float: read_number,
    bool: read_switch,
    Path: read_path,
}
_METAVARS = {int: "N", float: "RATE", str: "NAME", Path: "DIR", bool: ""}


@dataclass(frozen=True)
class Setting:
    """A setting of a study, a run or an evaluation.

    Attributes:
        name: Name of the field, and key in a study's TOML file.
        kind: Type of the option: int, float, str, bool or Path, from the annotation.
        default: Default value; None if optional, `dataclasses.MISSING` if required.
        help: One sentence without a full stop.
        read: Parses a value; raises ValueError saying what is allowed. Default: one of `choices`,
            or by `kind`: a positive integer, a number of at least 0, a path.
        choices: Allowed words; empty: any that `read` accepts.
        option: Command line option, default `--name`; "" if only a TOML file can set it.
        metavar: Placeholder of the value in `--help`.
        example: A value as typed.
        noun: Name in running text, default the field's.
        heading: Column heading.
        phrase: Format of a level in running text, default "NOUN {}".
        label: Formats a level below its heading.
        short: Formats a level in a figure; None: same as `label`.
        order: Sort key of a level; None: its number.
        machine: Whether it says how to run, not what to measure. Such a setting is not part of a
            record's identity, and no study file has it. Switches are such settings.
        axis: Whether a study can vary it, default: unless `machine`.
        later: Whether it was added after records existed. Its default is left out of the
            identity, so that those records stay valid.
        levels_option: Option that takes several levels, in a shipped study that varies it.
        levels_help: Help of that option.
        levels_metavar: Metavar of that option.
    """

    name: str
    kind: type
    default: Any
    help: str
    read: Callable[[str], Level]
    option: str
    metavar: str
    example: str
    noun: str
    heading: str
    phrase: str
    machine: bool
    axis: bool
    choices: Sequence[str] = ()
    label: Callable[[str], str] = str
    short: Callable[[str], str] | None = None
    order: Callable[[str], float] | None = None
    later: bool = False
    levels_option: str = ""
    levels_help: str = ""
    levels_metavar: str = "N..."

    def place(self, level: str) -> float:
        """Return the sort key of a level; infinity for text without an order."""
        if self.order is not None:
            return self.order(level)
        try:
            return float(level)
        except ValueError:
            return inf

    def check(self, value: Level) -> Level:
        """Parse a value.

        Raises:
            SettingError: If it is not allowed; names the option.
        """
        try:
            return self.read(text_of(value))
        except ValueError as error:
            written = text_of(value)
            if any("\ud800" <= character <= "\udfff" for character in written):
                written = ascii(written)
            typed = self.option.removeprefix("--") or self.name
            raise SettingError(typed, written, str(error)) from None


def setting(default: Any, help: str, **declared: Any) -> Any:
    """Declare the dataclass field of a setting.

    Args:
        default: As of `Setting`.
        help: As of `Setting`.
        **declared: Further attributes of `Setting`, in place of those that follow from the field.
    """
    return field(default=default, metadata={"setting": {"help": help, **declared}})


@cache
def settings_of(holder: type) -> dict[str, Setting]:
    """Return the settings that a dataclass declares, by name, in the order of its fields."""
    hints = get_type_hints(holder)
    return {
        found.name: _setting(
            found.name, _kind(hints[found.name]), found.default, found.metadata["setting"]
        )
        for found in fields(holder)
        if "setting" in found.metadata
    }


def _kind(annotation: Any) -> type:
    """Return the type without None; str for several types, as in `int | str`."""
    kinds = [kind for kind in get_args(annotation) or (annotation,) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 else str


def _setting(name: str, kind: type, default: Any, declared: dict[str, Any]) -> Setting:
    choices = declared.get("choices", ())
    noun = declared.get("noun", name.replace("_", " "))
    machine = declared.get("machine", kind is bool)
    inferred = {
        "read": one_of(choices) if choices else _READERS.get(kind),
        "option": f"--{name.replace('_', '-')}",
        "metavar": _METAVARS[kind],
        "example": _example(kind, default, choices),
        "noun": noun,
        "heading": noun[:1].upper() + noun[1:],
        "phrase": f"{noun} {{}}",
        "machine": machine,
        "axis": not machine,
    }
    found = Setting(name=name, kind=kind, default=default, **(inferred | declared))
    if found.read is None:
        raise TypeError(f"{name}: a setting of type str needs choices or a reader")
    return found


def _example(kind: type, default: Any, choices: Sequence[str]) -> str:
    """Return the last choice that is not the default, else the default."""
    others = [choice for choice in choices if choice != default]
    return others[-1] if others else "" if kind is bool or default is None else text_of(default)


def check_settings(holder: Any) -> None:
    """Parse every setting of a dataclass instance again.

    Raises:
        SettingError: For the first value that is not allowed.
    """
    for name, declared in settings_of(holder.__class__).items():
        value = getattr(holder, name)
        if value is not None:
            declared.check(value)
