"""The commands of the studies, for whatever is to be done with a study."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from ablations.errors import SettingError
from ablations.run.misfits import misfits
from ablations.study.builder import BadStudy, StudyFile, make_study
from ablations.study.settings import RunSettings
from ablations.study.shipped_studies import ABLATIONS, ENVELOPE, read_levels, shipped, with_levels
from ablations.study.study import Study
from commands.lists import ListCommand
from commands.options import Option, place_options, study_options, with_options
from commands.settings import make_settings, take_levels, take_place

Act = Callable[..., None]
"""Takes studies, RunSettings and what further options there are, by name."""


@dataclass(frozen=True)
class AxisOption:
    """The option that names an axis' levels."""

    name: str
    metavar: str
    help: str


TITLES = {
    "kernel-size": "Table (a): the size of the involution kernel.",
    "group-channels": "Table (b): how many channels share one kernel.",
    "kernel-generator": "Table (c): the form of the kernel generator.",
    "envelope": "The envelopes: accuracy against cost of whole families of networks.",
}
AXIS_OPTIONS = {
    "kernel_size": AxisOption("sizes", "K...", "Kernel sizes, odd"),
    "group_channels": AxisOption("channels", "N...", "Channels that share one kernel; C: all"),
    "generator": AxisOption(
        "forms", "FORM...", "W (one map), r=N (W1 sigma(W0)), attention, or a module:object"
    ),
    "family": AxisOption(
        "families", "NAME...", "rednet, resnet, attention, or a module:object of your own"
    ),
    "depth": AxisOption("depths", "N...", "Layers: 26, 38, 50, 101, 152"),
}


def study_commands(act: Act, further: Sequence[Option]) -> list[click.Command]:
    """One command for each shipped study and `all`; further: options of `act` beside a run's."""
    names = (*ABLATIONS, ENVELOPE)
    return [*(_study_command(name, act, further) for name in names), _all_command(act, further)]


def _study_command(name: str, act: Act, further: Sequence[Option]) -> click.Command:
    file = shipped(name)

    @with_options([*_axis_options(file), *study_options(file), *place_options(), *further])
    def command(baseline: str | None, **options: Any) -> None:
        axes = {
            axis: read_levels(axis, options.pop(AXIS_OPTIONS[axis].name), AXIS_OPTIONS[axis].name)
            for axis in file.axes
        }
        _act(act, name, [with_levels(file, axes, baseline)], options)

    return click.command(name, cls=ListCommand, help=TITLES[name])(command)


def _axis_options(file: StudyFile) -> list[Option]:
    options: list[Option] = []
    for axis, levels in file.axes.items():
        option, texts = AXIS_OPTIONS[axis], tuple(map(str, levels))
        options.append(
            click.option(
                f"--{option.name}",
                multiple=True,
                default=texts,
                metavar=option.metavar,
                help=f"{option.help}. Example: --{option.name} {' '.join(texts)}",
            )
        )
    example = ",".join(str(levels[0]) for levels in file.axes.values())
    options.append(
        click.option(
            "--baseline",
            metavar=",".join(AXIS_OPTIONS[axis].metavar.rstrip(".") for axis in file.axes),
            show_default="the study's, else the first",
            help=f"The variant that the others are held against. Example: --baseline {example}",
        )
    )
    return options


def _all_command(act: Act, further: Sequence[Option]) -> click.Command:
    files = [shipped(name) for name in ABLATIONS]

    @click.command("all")
    @with_options([*study_options(files[0]), *place_options(), *further])
    def all_studies(**options: Any) -> None:
        """The three tables with the paper's values.

        Variants that two tables share are trained once.
        """
        _act(act, "all", files, options)

    return all_studies


def _act(act: Act, name: str, files: Sequence[StudyFile], options: dict[str, Any]) -> None:
    place, levels = take_place(name, options), take_levels(files[0], options)
    settings = make_settings(levels, place, options.pop("no_train", False))
    try:
        studies = [make_study(replace(file, settings=levels)) for file in files]
    except BadStudy as error:
        raise click.UsageError(str(error)) from None
    for study in studies:
        _check(study, settings)
    act(studies, settings, **options)


def _check(study: Study, settings: RunSettings) -> None:
    for misfit in misfits(study, settings):
        option = AXIS_OPTIONS.get(misfit.axis)
        name = option.name if option else misfit.axis
        raise SettingError(name, misfit.level, misfit.problem)
