"""Stops a run after a signal or too many failures. No torch."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""Signals that stop a run: Ctrl-C, a system's or cluster's request, a closed terminal."""

GRACE = 3.0
"""Seconds that running trials get for their checkpoints."""


class Stop:
    """Whether a run must stop, and why.

    While trials run (`patiently`) the first signal only sets `asked`; elsewhere it raises
    KeyboardInterrupt. A second signal always raises KeyboardInterrupt, a third ends the process.

    Attributes:
        signal: First signal received, or None.
        failures: Whether more trials failed than allowed.
        again: Whether a second signal came.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self.failures = False
        self.again = False
        self._patient = self._alarmed = False
        self._asked_at = 0.0

    @property
    def asked(self) -> bool:
        return self.signal is not None or self.failures

    @property
    def overdue(self) -> bool:
        """Whether the grace period for checkpoints has passed."""
        return self.asked and time.monotonic() - self._asked_at >= GRACE

    @property
    def reports(self) -> bool:
        """Whether the finished trials should still be reported: nobody asked twice."""
        return self.asked and not self.again

    def after_failures(self) -> None:
        """Stop the run because too many trials failed."""
        if not self.asked:
            self.failures, self._asked_at = True, time.monotonic()

    @contextmanager
    def patiently(self, here: bool) -> Iterator[None]:
        """Let work check `asked` instead of interrupting it.

        Args:
            here: Whether this process does all the work itself; it is then interrupted if it has
                not stopped within GRACE seconds.
        """
        before = signal.getsignal(signal.SIGALRM)
        self._patient, self._alarmed = True, here
        try:
            yield
        except KeyboardInterrupt:
            if not self.reports:
                raise
        finally:
            self._patient = False
            if here and self.signal is not None:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Stop on signals for as long as the context lasts.

        Ignored signals stay ignored, as SIGHUP under nohup. SIGINT does not: shells ignore it for
        background jobs.
        """
        found = {number: signal.getsignal(number) for number in SIGNALS}
        taken = [n for n, was in found.items() if n == signal.SIGINT or was != signal.SIG_IGN]
        for number in taken:
            signal.signal(number, self._on_signal)
        try:
            yield
        finally:
            for number in taken:
                signal.signal(number, found[number])

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            _leave_closed_terminal()
        if self.signal is not None:
            self.again = True
            for each in SIGNALS:
                signal.signal(each, signal.SIG_DFL)
            raise KeyboardInterrupt
        if not self.asked:
            self._asked_at = time.monotonic()
        self.signal = signal.Signals(number)
        if not self._patient:
            raise KeyboardInterrupt
        if self._alarmed:
            signal.signal(signal.SIGALRM, _give_up)
            signal.setitimer(signal.ITIMER_REAL, GRACE)


def _give_up(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _leave_closed_terminal() -> None:
    """Redirect output to a vanished terminal, which would raise errors, to nowhere."""
    for descriptor in (1, 2):
        try:
            os.write(descriptor, b"")
        except OSError:
            with suppress(OSError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)
