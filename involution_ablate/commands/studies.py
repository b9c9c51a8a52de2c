"""The study commands: one per shipped study, `all` and `run`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from ablations.errors import SettingError
from ablations.run.validation import mismatches
from ablations.study.all_settings import AXES
from ablations.study.builder import BadStudy, StudyFile, make_study
from ablations.study.run_settings import RunSettings
from ablations.study.shipped_studies import ABLATIONS, read_levels, shipped, with_levels
from ablations.study.study import Study
from involution_ablate.commands.run import run_command
from involution_ablate.commands.shared.list_command import ListCommand, ListOption
from involution_ablate.commands.shared.options import (
    Act,
    Option,
    place_options,
    study_options,
    with_options,
)
from involution_ablate.commands.shared.run_request import make_settings, take_levels, take_place
from involution_ablate.commands.shared.tune_option import check_set_once, tune_option, with_tuning


@dataclass(frozen=True)
class StudyCommand:
    """A shipped study as a command.

    Attributes:
        name: Name of the study and the command.
        help: One sentence.
    """

    name: str
    help: str

    def make(self, act: Act, further: Sequence[Option]) -> click.Command:
        """Return the command.

        Args:
            act: What the command does.
            further: Options of `act`, beside those of a run.
        """
        file = shipped(self.name)

        @with_options(
            [
                *_axis_options(file),
                *study_options(file.settings),
                tune_option,
                *place_options(),
                *further,
            ]
        )
        def command(baseline: str | None, **options: Any) -> None:
            axes = {axis: _take_axis(axis, options) for axis in file.axes}
            act_on(act, self.name, [with_levels(file, axes, baseline)], options)

        return click.command(self.name, cls=ListCommand, help=self.help)(command)


def _take_axis(axis: str, options: dict[str, Any]) -> tuple[Any, ...]:
    name = AXES[axis].levels_option.removeprefix("--")
    return read_levels(axis, options.pop(name), name)


def _axis_options(file: StudyFile) -> list[Option]:
    options: list[Option] = []
    for axis, levels in file.axes.items():
        declared, texts = AXES[axis], tuple(map(str, levels))
        typed = f"{declared.levels_option} {' '.join(texts)}"
        options.append(
            click.option(
                declared.levels_option,
                cls=ListOption,
                multiple=True,
                default=texts,
                metavar=declared.levels_metavar,
                help=f"{declared.levels_help}. Example: {typed}",
            )
        )
    example = ",".join(str(levels[0]) for levels in file.axes.values())
    options.append(
        click.option(
            "--baseline",
            metavar=",".join(AXES[axis].levels_metavar.rstrip(".") for axis in file.axes),
            show_default="the study's, else the first",
            help=f"Variant to compare the others with. Example: --baseline {example}",
        )
    )
    return options


def act_on(act: Act, name: str, files: Sequence[StudyFile], options: dict[str, Any]) -> None:
    """Make the studies of a command and call `act` with them.

    Args:
        act: What the command does.
        name: Output folder below runs/, unless --output is given.
        files: The studies with their default settings.
        options: Values of `study_options`, `tune_option`, `place_options` and of `act`'s options.

    Raises:
        SettingError: If settings do not fit together; names the option.
    """
    place, levels = take_place(name, options), take_levels(files[0].settings, options)
    typed = options.pop("tune")
    files = [with_tuning(replace(file, settings=levels), typed) for file in files]
    check_set_once(files[0])
    settings = make_settings(files[0].settings, place, options.pop("no_train", False))
    try:
        studies = [make_study(file) for file in files]
    except BadStudy as error:
        raise click.UsageError(str(error)) from None
    for study in studies:
        _check(study, settings)
    act(studies, settings, **options)


def _check(study: Study, settings: RunSettings) -> None:
    for mismatch in mismatches(study, settings):
        option = AXES[mismatch.axis].levels_option.removeprefix("--")
        raise SettingError(option or mismatch.axis, mismatch.level, mismatch.problem)


SHIPPED = (
    StudyCommand("kernel-size", "Table (a): the size of the involution kernel."),
    StudyCommand("group-channels", "Table (b): how many channels share one kernel."),
    StudyCommand("kernel-generator", "Table (c): the form of the kernel generator."),
    StudyCommand("envelope", "Envelopes: accuracy against cost for families of networks."),
)


def study_commands(act: Act, further: Sequence[Option]) -> list[click.Command]:
    """Return one command per shipped study, `all`, and `run`; see `StudyCommand.make`."""
    return [
        *(command.make(act, further) for command in SHIPPED),
        _all_command(act, further),
        run_command(act, further),
    ]


def _all_command(act: Act, further: Sequence[Option]) -> click.Command:
    files = [shipped(name) for name in ABLATIONS]

    @click.command("all")
    @with_options([*study_options(files[0].settings), tune_option, *place_options(), *further])
    def all_studies(**options: Any) -> None:
        """Run the paper's three ablation tables.

        Variants that two tables share are trained once.
        """
        act_on(act, "all", files, options)

    return all_studies
