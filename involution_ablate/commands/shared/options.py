"""Options that several commands share; those of settings follow from their declarations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import click

from ablations.settings.setting import Level, Setting
from ablations.study.all_settings import MACHINE_SETTINGS, SETTINGS
from ablations.study.budget import EPOCHS

Option = Callable[[Callable], Callable]
"""A decorator that adds one option to a command."""

Act = Callable[..., None]
"""What a command does; called with the studies, RunSettings and its own options by name."""


class _Folder(click.Path):
    """A path that is not empty: an unset shell variable would mean the working folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("is empty; name a folder", param, ctx)
        return super().convert(value, param, ctx)


open_option = click.option(
    "--open", "open_browser", is_flag=True, help="Open the page in the browser. Example: --open"
)

no_train_option = click.option(
    "--no-train", is_flag=True, help="Count and prove costs only. Example: --no-train"
)

debug_option = click.option(
    "--debug",
    is_flag=True,
    help="Stop at the first failed trial and show its traceback. Example: --debug",
)


trust_option = click.option(
    "--trust-code",
    is_flag=True,
    help="Run the module:object code that the file names, although it differs from the code of "
    "that run. Example: --trust-code",
)


def with_options(options: Sequence[Option]) -> Option:
    """Return a decorator that adds `options` in their order."""

    def add(command: Callable) -> Callable:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def setting_option(declared: Setting, **differing: Any) -> Option:
    """Return the option of a setting.

    Args:
        declared: The setting.
        **differing: Arguments of `click.option` that replace those of the declaration.
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
    """Return `--output` and the options of machine settings."""
    output = click.option(
        "--output",
        type=_Folder(path_type=Path),
        metavar="DIR",
        show_default="runs/<study>",
        help="Output folder for report.html, tables/ and trials/. Example: --output runs/mine",
    )
    return [output, *map(setting_option, MACHINE_SETTINGS.values())]


def study_options(defaults: Mapping[str, Level]) -> list[Option]:
    """Return the options of the settings that all variants of a study share.

    Args:
        defaults: The study's settings, used as defaults.
    """
    return [_study_option(found, defaults) for found in SETTINGS.values() if found.option]


def _study_option(declared: Setting, defaults: Mapping[str, Level]) -> Option:
    default = defaults.get(declared.name, declared.default)
    if declared.name == EPOCHS:  # no default, since --steps replaces it
        return setting_option(declared, default=None, show_default=str(default))
    return setting_option(declared, default=default)
