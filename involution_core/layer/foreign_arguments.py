"""Arguments of other libraries that are none here: refused with what to write instead."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec

Parameters = ParamSpec("Parameters")
Init = Callable[Parameters, None]

Check = Callable[[str, tuple[Any, ...], Mapping[str, Any]], None]
"""(class, arguments by position, arguments by name): raises TypeError where they are another's."""


def refusing(check: Check) -> Callable[[Init[Parameters]], Init[Parameters]]:
    """Let an `__init__` refuse calls, before Python compares them with its parameters.

    Args:
        check: What refuses them.

    Returns:
        A decorator.
    """

    def decorate(init: Init[Parameters]) -> Init[Parameters]:
        @wraps(init)
        def checked(*arguments: Parameters.args, **named: Parameters.kwargs) -> None:
            instance, *given = arguments
            check(type(instance).__name__, tuple(given), named)
            init(*arguments, **named)

        return checked

    return decorate


def names(instead: Mapping[str, str]) -> Check:
    """The check that refuses arguments by name.

    Args:
        instead: Name -> what to write instead.

    Returns:
        The check.
    """

    def check(kind: str, given: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        for name in named:
            if name in instead:
                raise TypeError(f"{kind} has no {name}: {instead[name]}")

    return check
