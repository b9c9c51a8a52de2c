"""`all`."""

from collections.abc import Sequence
from typing import Any

import click

from ablations.study.shipped_studies import ABLATIONS, shipped
from commands.shared.options import Option, place_options, study_options, with_options
from commands.shared.study_command import Act, act_on
from commands.shared.tune_option import tune_option


def all_command(act: Act, further: Sequence[Option]) -> click.Command:
    """The three ablation tables at once; act, further: as for `StudyCommand.make`."""
    files = [shipped(name) for name in ABLATIONS]

    @click.command("all")
    @with_options([*study_options(files[0].settings), tune_option, *place_options(), *further])
    def all_studies(**options: Any) -> None:
        """The three tables with the paper's values.

        Variants that two tables share are trained once.
        """
        act_on(act, "all", files, options)

    return all_studies
