"""The command of a study that a file describes, for whatever is to be done with it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from ablations.checks import Misfit, misfits
from ablations.errors import SettingError, one_line
from ablations.settings import RunSettings
from ablations.shipped import ABLATIONS, ENVELOPE
from ablations.study_files import (
    Key,
    StudyFile,
    common_settings,
    make_study,
    parse_study,
    read_study,
)
from ablations.toml_lines import key_lines, line_of
from ablations.variants import Study
from commands.options import Option, place_options
from commands.program import BAD_INPUT, PROGRAM
from commands.settings import make_settings, take_place

TOML = ".toml"


def file_command(act: Callable[..., None], further: Sequence[Option]) -> click.Command:
    """`run FILE`; act: as for `families.study_commands`."""

    def command(file: Path, **options: Any) -> None:
        no_train = options.pop("no_train", False)
        path = file.expanduser()
        if path.suffix.lower() == TOML:
            studies, settings = _from_toml(path, options, no_train)
        else:
            studies, settings = _from_run(path, options, no_train)
        act(studies, settings, **options)

    for option in reversed([*place_options(), *further]):
        command = option(command)
    argument = click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
    return click.command("run", help=_HELP)(argument(command))


_HELP = f"""Your own study: FILE is a study's file (TOML), or a report, whose studies run again.

Shipped as such files: {", ".join((*ABLATIONS, ENVELOPE))}."""


def _from_toml(
    path: Path, options: dict[str, Any], no_train: bool
) -> tuple[list[Study], RunSettings]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SettingError("FILE", path, f"cannot be read ({one_line(error)})") from None
    file, problems = read_study(text)
    if file is not None:
        place = take_place(file.name or path.stem, options)
        study = make_study(file, text)
        settings = make_settings(common_settings(file), place, no_train)
        problems += [
            (_key(file, m), f"{m.axis} {m.level}: {m.problem}") for m in misfits(study, settings)
        ]
        if not problems:
            return [study], settings
    lines = key_lines(text) if len(problems) > 1 or problems[0][0] else {}
    for key, problem in problems:
        click.echo(f"{PROGRAM}: {path}:{line_of(lines, key)}: {problem}", err=True)
    raise SystemExit(BAD_INPUT)


def _key(file: StudyFile, misfit: Misfit) -> Key:
    """Where a file says what does not fit."""
    if misfit.axis in file.axes:
        return ("axes", misfit.axis)
    for place, variant in enumerate(file.variants):
        if variant.get(misfit.axis) == misfit.level:
            return ("variants", place, misfit.axis)
    return ("settings", misfit.axis)


def _from_run(
    path: Path, options: dict[str, Any], no_train: bool
) -> tuple[list[Study], RunSettings]:
    """The studies of a finished run, as their files say; without training if it had none."""
    from ablations.saved import load_run

    run = load_run(path, "FILE")
    files = [parse_study(study.source) for study in run.studies]
    place = take_place(files[0].name if len(files) == 1 else "all", options)
    settings = make_settings(
        common_settings(files[0]), place, no_train or run.settings.train is None
    )
    for study in run.studies:
        for misfit in misfits(study, settings):
            raise SettingError("FILE", path, f"{misfit.axis} {misfit.level}: {misfit.problem}")
    return list(run.studies), settings
