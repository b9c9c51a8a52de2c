"""Several that watch one run."""

from collections.abc import Callable, Sequence
from typing import Any

from ablations.errors import one_line
from ablations.training.progress import Progress


class Observers(Progress):
    """Tells every event of a run to the one who watches it on the screen, and then to others.

    A run does not depend on these: one that fails is told no more, in a notice to the screen, and
    the run goes on.

    Args:
        screen: Told first; what it raises is raised.
        others: By the names that notices call them.
    """

    def __init__(self, screen: Progress, others: Sequence[tuple[str, Progress]]) -> None:
        self.screen, self.others = screen, list(others)

    def tell(self, event: str, *what: Any, **named: Any) -> None:
        """An event by the name of its method."""
        getattr(self.screen, event)(*what, **named)
        for other in [*self.others]:
            name, watching = other
            try:
                getattr(watching, event)(*what, **named)
            except (Exception, SystemExit) as error:  # whatever it meets, such as a full disk
                self.others.remove(other)
                self.screen.notice(f"--log {name}: {one_line(error)}; it is told no more")


def _passing_on(event: str) -> Callable[..., None]:
    def tell(self: Observers, *what: Any, **named: Any) -> None:
        self.tell(event, *what, **named)

    return tell


for _event in [name for name in vars(Progress) if not name.startswith("_")]:
    setattr(Observers, _event, _passing_on(_event))
