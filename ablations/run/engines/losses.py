"""Trials of a cluster that were lost on their way, and how often each begins again."""

from collections import Counter, deque

from ablations.run.engines.engine import Ended, Lost
from ablations.run.engines.messages import Died
from ablations.training.trial import Failure, Trial


class Losses:
    """Those that are to begin again, when all others have been begun."""

    def __init__(self) -> None:
        self._again = deque[Trial]()
        self._counts: Counter[tuple[Trial, int]] = Counter()

    def take(self, trial: Trial, died: Died, most: int) -> Lost | Ended:
        """What a loss comes to, one of at most so many; those with another limit count apart."""
        self._counts[trial, most] += 1
        count = self._counts[trial, most]
        if count < most:
            self._again.append(trial)
            return Lost(trial, died.reason)
        known = f"{died.reason}, in attempt {count} of {most}.\n\n{died.known}"
        return Ended(trial, Failure(died.reason, True, known))

    def next(self) -> Trial | None:
        """The one that has waited longest; None where none does."""
        return self._again.popleft() if self._again else None
