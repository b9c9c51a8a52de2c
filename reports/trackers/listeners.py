"""Several listeners of one run."""

from collections.abc import Sequence

from ablations.errors import one_line
from ablations.run.events import Event, Listener, Notice


class Listeners(Listener):
    """Passes every event to the run's own listeners first, then to the trackers.

    A run does not depend on its trackers: one that raises is disabled, with a notice.

    Args:
        own: The screen and others whose errors end the run.
        trackers: Trackers with the names that notices use.
    """

    def __init__(self, own: Sequence[Listener], trackers: Sequence[tuple[str, Listener]]) -> None:
        self.own, self.trackers = list(own), list(trackers)

    def on(self, event: Event) -> None:
        for listener in self.own:
            listener.on(event)
        for each in [*self.trackers]:
            name, tracker = each
            try:
                tracker.on(event)
            except (Exception, SystemExit) as error:  # whatever it meets, such as a full disk
                self.trackers.remove(each)
                problem = f"--log {name}: {one_line(error)}"
                self.on(Notice(f"{problem}; tracker disabled for the rest of the run"))
