"""The commands of the studies, for whatever is to be done with a study."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from ablations.variants import STUDIES, Study
from commands.lists import ListCommand
from commands.options import Option, run_options
from commands.settings import make_settings

Act = Callable[..., None]
"""Takes studies, RunSettings and what further options there are, by name."""

TITLES = {
    "kernel-size": "Table (a): the size of the involution kernel.",
    "group-channels": "Table (b): how many channels share one kernel.",
    "kernel-generator": "Table (c): the form of the kernel generator.",
}
VALUES = {
    "kernel-size": ("K...", "Kernel sizes, odd"),
    "group-channels": ("N...", "Channels that share one kernel; C: all of them"),
    "kernel-generator": ("FORM...", "W (one map), r=N (W1 sigma(W0)) or attention"),
}
"""Study -> how its values are called, and what they are."""


def study_commands(act: Act, further: Sequence[Option]) -> list[click.Command]:
    """One command for each study and `all`; further: options of `act` beside a run's."""
    return [*(_study_command(name, act, further) for name in STUDIES), _all_command(act, further)]


def _study_command(name: str, act: Act, further: Sequence[Option]) -> click.Command:
    kind, (metavar, help_text) = STUDIES[name], VALUES[name]

    @click.command(name, cls=ListCommand, help=TITLES[name])
    @click.option(
        f"--{kind.setting}",
        "values",
        multiple=True,
        default=kind.paper_values,
        metavar=metavar,
        help=f"{help_text}. Example: --{kind.setting} {' '.join(kind.paper_values)}",
    )
    @click.option(
        "--baseline",
        metavar=metavar.rstrip("."),
        show_default="the paper's, else the first",
        help="The value that the others are held against. "
        f"Example: --baseline {kind.paper_values[0]}",
    )
    @run_options(further)
    def command(values: Sequence[str], baseline: str | None, **options: Any) -> None:
        _act(act, name, [kind.study(values, baseline)], options)

    return command


def _all_command(act: Act, further: Sequence[Option]) -> click.Command:
    @click.command("all")
    @run_options(further)
    def all_studies(**options: Any) -> None:
        """The three tables with the paper's values.

        Variants that two tables share are trained once.
        """
        _act(act, "all", [kind.study(kind.paper_values) for kind in STUDIES.values()], options)

    return all_studies


def _act(act: Act, command: str, studies: list[Study], options: dict[str, Any]) -> None:
    settings, rest = make_settings(command, options)
    act(studies, settings, **rest)
