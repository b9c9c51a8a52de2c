"""The commands of all studies, for whatever is to be done with a study."""

from collections.abc import Sequence

import click

from commands.all import all_command
from commands.envelope import ENVELOPE
from commands.group_channels import GROUP_CHANNELS
from commands.kernel_generator import KERNEL_GENERATOR
from commands.kernel_size import KERNEL_SIZE
from commands.run import run_command
from commands.shared.options import Option
from commands.shared.study_command import Act


def study_commands(act: Act, further: Sequence[Option]) -> list[click.Command]:
    """One command for each shipped study, `all`, and `run`; see `StudyCommand.make`."""
    shipped = (KERNEL_SIZE, GROUP_CHANNELS, KERNEL_GENERATOR, ENVELOPE)
    return [
        *(command.make(act, further) for command in shipped),
        all_command(act, further),
        run_command(act, further),
    ]
