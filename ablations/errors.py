"""Errors for users, each in one line, and tracebacks as text. No torch."""

import traceback
from collections.abc import Sequence

from ablations.texts import inert


class SettingError(ValueError):
    """A setting that cannot be used: its name, the value received and what is allowed.

    setting: an option's name, or an argument's in capitals.
    listed: what it is about, one line each, where that are many things, such as files.
    """

    def __init__(
        self, setting: str, value: object, problem: str, listed: Sequence[str] = ()
    ) -> None:
        super().__init__(f"{setting} {value}: {problem}")
        self.setting = setting
        self.value = value
        self.problem = problem
        self.listed = listed


class TrialFailed(RuntimeError):
    """A trial that ended without a result, for a reason that goes into its record."""


def one_line(error: BaseException) -> str:
    """What went wrong: its kind and the first line, with the next where that announces one. In a
    data loader's process it stands, with its kind, in the last line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Caught "):
        return inert(lines[-1])
    told = lines[: 2 if lines and lines[0].endswith(":") else 1]
    return inert(": ".join(filter(None, [type(error).__name__, " ".join(told)])))


def traceback_text(error: BaseException) -> str:
    """Return the traceback of an error as text, which keeps no frame, and so no tensor, alive."""
    return inert("".join(traceback.format_exception(error)), kept="\n\t")
