"""Options with a list of values: --sizes 3 5 or --sizes 3,5."""

import re
from collections.abc import Iterator, Sequence

import click


class ListOption(click.Option):
    """An option with a list of values; declared with `multiple=True`."""


class ListCommand(click.Command):
    """A command that may have list options.

    click gives an option a fixed number of values, so `--sizes 3 5` is rewritten to
    `--sizes 3 --sizes 5` first.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        lists = {
            name
            for parameter in self.params
            if isinstance(parameter, ListOption)
            for name in parameter.opts
        }
        return super().parse_args(ctx, list(spread_lists(args, lists)))


def spread_lists(args: Sequence[str], lists: set[str]) -> Iterator[str]:
    """Yield `args` with the name of each option in `lists` repeated before each of its values."""
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        name, equals, value = arg.partition("=")
        if arg == "--":
            yield from [arg, *rest]
            return
        if name not in lists:
            yield arg
            continue
        typed = [value] if equals else []
        while not equals and rest and not _is_option(rest[0]):
            typed.append(rest.pop(0))
        values = [item for text in typed for item in text.split(",") if item]
        if not values:
            raise click.UsageError(f"{name}: give at least one value, as {name} A B or {name} A,B")
        for item in values:
            yield from (name, item)


def _is_option(arg: str) -> bool:
    """Return whether `arg` is an option; -3 is a (bad) value."""
    return arg.startswith("-") and not re.match(r"-\d", arg)
