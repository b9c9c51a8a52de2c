"""`--tune`: settings that each variant chooses on the validation split."""

from collections.abc import Sequence
from dataclasses import replace

import click
from click.core import ParameterSource

from ablations.errors import SettingError
from ablations.settings.setting import Level
from ablations.study.all_settings import RUN_SETTINGS, TUNABLE
from ablations.study.budget import OTHER
from ablations.study.document import SEEDS, StudyFile
from ablations.study.grid import DEFAULT_SEEDS, Grid
from ablations.study.shipped_studies import read_levels

tune_option = click.option(
    "--tune",
    multiple=True,
    metavar="KEY=VALUES",
    help="Candidates of a training setting; each variant chooses on the validation split, with "
    f"{DEFAULT_SEEDS} separate seeds, or as many as --tune seeds=N says; may be repeated. "
    "Example: --tune lr=0.03,0.1,0.3",
)


def with_tuning(file: StudyFile, typed: Sequence[str]) -> StudyFile:
    """Return the study with the grid of `--tune`.

    The grid replaces an earlier one and the settings of the same names.

    Raises:
        SettingError: If a text is not KEY=VALUES, the setting cannot be tuned, or a value is not
            allowed.
    """
    if not typed:
        return file
    levels: dict[str, tuple[Level, ...]] = {}
    seeds = DEFAULT_SEEDS if file.tune is None else file.tune.seeds
    for text in typed:
        name, equals, values = text.partition("=")
        if not equals:
            raise SettingError("tune", text, "must be KEY=VALUES, such as --tune lr=0.03,0.1,0.3")
        if name == SEEDS:
            seeds = _read_seeds(values)
        else:
            if name in levels:
                raise SettingError("tune", text, "is given twice")
            levels[name] = _read_candidates(text, name, values)
    if not levels and file.tune is None:
        raise SettingError(
            "tune", ", ".join(typed), "needs a setting to tune, such as --tune lr=0.03,0.1,0.3"
        )
    grid = Grid(levels, seeds) if levels or file.tune is None else replace(file.tune, seeds=seeds)
    replaced = {*levels, *(OTHER[name] for name in levels if name in OTHER)}
    settings = {name: level for name, level in file.settings.items() if name not in replaced}
    return replace(file, settings=settings, tune=grid)


def check_set_once(file: StudyFile) -> None:
    """Raise SettingError if a tuned setting is also given by its option."""
    context = click.get_current_context()
    for name in () if file.tune is None else file.tune.levels:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = TUNABLE[name].option.removeprefix("--")
            raise SettingError(
                option, context.params[name], "is also given to --tune; give one of the two"
            )


def _read_seeds(value: str) -> int:
    try:
        return int(RUN_SETTINGS[SEEDS].read(value))
    except ValueError as error:
        raise SettingError("tune", f"{SEEDS}={value}", str(error)) from None


def _read_candidates(text: str, name: str, values: str) -> tuple[Level, ...]:
    if name not in TUNABLE:
        raise SettingError("tune", text, f"allowed: {', '.join((*TUNABLE, SEEDS))}")
    levels = read_levels(name, values.split(","), f"tune {name}")
    if len(levels) < 2:
        raise SettingError("tune", text, "give at least two values to choose from")
    return levels
