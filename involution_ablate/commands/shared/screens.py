"""The program's standard streams: whatever is written, only text comes out of them.

This is the one door to the terminal, so that no text needs care where it is printed: names, paths
and settings come from files and command lines of others.
"""

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, TextIO, cast

from ablations.texts import inert

if TYPE_CHECKING:
    from rich.console import Console

READER_GONE = (errno.EPIPE, errno.EIO)
"""What writing ends with when a pipe or a terminal is closed; the work goes on without it."""


class Outlet(io.TextIOBase):
    """A stream that nobody has to read, and where what its encoding lacks is replaced."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.open = True
        if stream.errors in ("strict", "surrogateescape") and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.stream.encoding or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return self.stream.errors or "strict"

    def isatty(self) -> bool:
        return self.stream.isatty()

    def fileno(self) -> int:
        return self.stream.fileno()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if text:  # click asks with none what kind of stream it is
            self._try(lambda: self.stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self.stream.flush)

    def _try(self, act: Callable[[], object]) -> None:
        if not self.open:
            return
        try:
            act()
        except OSError as error:
            self.open = False
            with suppress(OSError):  # what is left in its buffer must not fail again at the end
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
            if error.errno not in READER_GONE:
                raise OSError(error.errno, error.strerror, "standard output") from None


class Screen(Outlet):
    """An outlet for text alone: what a terminal would act on is shown in its place."""

    def __init__(self, outlet: Outlet) -> None:
        super().__init__(outlet.stream)
        self.outlet = outlet

    def write(self, text: str) -> int:
        self.outlet.write(inert(text, kept="\n\t"))
        return len(text)

    def flush(self) -> None:
        self.outlet.flush()


@contextmanager
def screens() -> Iterator[None]:
    """Standard output and standard error as screens, for as long as the context lasts."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_screen, before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _screen(stream: TextIO | None) -> Screen:
    """Where a stream was closed before the program began, nothing else may take its number."""
    return Screen(Outlet(open(os.devnull, "w", encoding="utf-8") if stream is None else stream))


def progress_console() -> "Console":
    """A console on standard error that moves its cursor, and lets no text do so."""
    from reports.screen.inert_console import InertConsole

    screen = sys.stderr
    return InertConsole(cast("IO[str]", screen.outlet if isinstance(screen, Screen) else screen))
