"""The study commands: one per shipped study, `all` and `run`."""

from collections.abc import Sequence
from typing import Any

import click

from ablations.study.shipped_studies import ABLATIONS, shipped
from involution_ablate.commands.run import run_command
from involution_ablate.commands.shared.options import (
    Option,
    place_options,
    study_options,
    with_options,
)
from involution_ablate.commands.shared.study_command import Act, StudyCommand, act_on
from involution_ablate.commands.shared.tune_option import tune_option

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
