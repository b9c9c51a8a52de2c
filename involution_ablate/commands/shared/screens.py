"""Standard output and error without terminal control characters.

All output passes through here, because names, paths and settings may come from untrusted files.
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
"""Errors of a closed pipe or terminal; the program continues without output."""


class Outlet(io.TextIOBase):
    """A stream that may be closed by its reader, and that replaces unencodable characters."""

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
        if text:  # click writes "" to find the type of a stream
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
            with suppress(OSError):  # so that flushing its buffer at exit does not fail again
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
            if error.errno not in READER_GONE:
                raise OSError(error.errno, error.strerror, "standard output") from None


class Screen(Outlet):
    """An outlet that shows control characters instead of sending them."""

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
    """Replace standard output and standard error by screens within the context."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_screen, before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _screen(stream: TextIO | None) -> Screen:
    """Wrap a stream; open /dev/null for a closed one, to occupy its file descriptor."""
    return Screen(Outlet(open(os.devnull, "w", encoding="utf-8") if stream is None else stream))


def progress_console() -> "Console":
    """Return a console on standard error that moves the cursor; printed text cannot."""
    from reports.screen.inert_console import InertConsole

    screen = sys.stderr
    return InertConsole(cast("IO[str]", screen.outlet if isinstance(screen, Screen) else screen))
