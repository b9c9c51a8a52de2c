"""The options of the commands that run studies; those of settings follow from their declaration."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import click

from ablations.settings.setting import Level, Setting
from ablations.study.all_settings import MACHINE_SETTINGS, SETTINGS

Option = Callable[[Callable], Callable]
"""Adds one option to a command."""


class _Folder(click.Path):
    """Refuses an empty text, which an unset variable of a shell leaves: it would be this folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("is empty; name a folder", param, ctx)
        return super().convert(value, param, ctx)


open_option = click.option(
    "--open", "open_browser", is_flag=True, help="Open the page in the browser. Example: --open"
)

no_train_option = click.option(
    "--no-train", is_flag=True, help="Costs and their proof only. Example: --no-train"
)

debug_option = click.option(
    "--debug",
    is_flag=True,
    help="Stop at the first trial that fails and show its traceback. Example: --debug",
)


trust_option = click.option(
    "--trust-code",
    is_flag=True,
    help="Run the module:object that the file names although it is not the code that ran there. "
    "Example: --trust-code",
)


def with_options(options: Sequence[Option]) -> Option:
    """Adds options to a command, in their order."""

    def add(command: Callable) -> Callable:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def setting_option(declared: Setting, **differing: Any) -> Option:
    """The option of a setting.

    Args:
        declared: The setting.
        **differing: What `click.option` takes in place of what follows from the declaration.
    """
    is_path, is_switch = declared.kind is Path, declared.kind is bool
    given: dict[str, Any] = {
        "type": click.Path(path_type=Path) if is_path else declared.kind,
        "help": f"{declared.help}. Example: {declared.option} {declared.example}".rstrip(),
        **({"is_flag": True} if is_switch else {"metavar": declared.metavar}),
    }
    if declared.default is MISSING:
        given["required"] = True
    else:
        given["default"] = declared.default
    return click.option(declared.option, declared.name, **(given | differing))


def place_options() -> list[Option]:
    """Options of what belongs to the machine and not to a study."""
    output = click.option(
        "--output",
        type=_Folder(path_type=Path),
        metavar="DIR",
        show_default="runs/<study>",
        help="Folder for report.html, tables/ and trials/. Example: --output runs/mine",
    )
    return [output, *map(setting_option, MACHINE_SETTINGS.values())]


def study_options(defaults: Mapping[str, Level]) -> list[Option]:
    """Options of what is the same for all variants of a study.

    Args:
        defaults: The study's settings, which stand in for those of the declarations.
    """
    return [_study_option(found, defaults) for found in SETTINGS.values() if found.option]


def _study_option(declared: Setting, defaults: Mapping[str, Level]) -> Option:
    default = defaults.get(declared.name, declared.default)
    if declared.name == "epochs":  # which --steps takes the place of
        return setting_option(declared, default=None, show_default=str(default))
    return setting_option(declared, default=default)
