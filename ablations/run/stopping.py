"""How a run is asked to stop, by a signal or by too many failures. No torch."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""What ends a run: Ctrl-C, a system's or a cluster's request, a terminal that is closed."""

GRACE = 3.0
"""Seconds that running trials have to write their checkpoints."""


class Stop:
    """Whether a run is to stop, and why.

    Where trials run (`patiently`), the first signal is noted, and who runs them looks at `asked`;
    elsewhere it is a KeyboardInterrupt. A second one is a KeyboardInterrupt everywhere, and a third
    one ends the process.

    Attributes:
        signal: The first one that came, None where none did.
        failures: Whether more trials failed than may.
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
        """Whether the time for checkpoints is over."""
        return self.asked and time.monotonic() - self._asked_at >= GRACE

    @property
    def reports(self) -> bool:
        """Whether what there is is still to be reported: nobody asked twice."""
        return self.asked and not self.again

    def after_failures(self) -> None:
        """Has the run stop because too many trials failed."""
        if not self.asked:
            self.failures, self._asked_at = True, time.monotonic()

    @contextmanager
    def patiently(self, here: bool) -> Iterator[None]:
        """For work that looks at `asked`; here: whether this process does all of it itself. Then it
        is broken off where it has not looked for as long as GRACE."""
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
        """Within it signals ask for the stop. One that is ignored, as SIGHUP by nohup, stays so;
        SIGINT, which shells ignore for what runs in the background, does not."""
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
    """Output to a terminal that is no longer there would be an error; it goes nowhere instead."""
    for descriptor in (1, 2):
        try:
            os.write(descriptor, b"")
        except OSError:
            with suppress(OSError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)
