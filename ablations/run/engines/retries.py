"""Trials whose workers died, and how often each is retried."""

from collections import Counter, deque

from ablations.run.events import TrialFinished, TrialLost, WorkerDied
from ablations.training.trial_result import Failure, TrialResult
from ablations.training.trial_spec import TrialSpec

MAX_ATTEMPTS = 3
"""Maximum attempts for a trial whose worker dies."""

MAX_NODES = 20
"""Maximum nodes lost under one trial, as spot machines are, before it counts as failed."""


class RetryQueue:
    """Lost trials, to be retried once all others have started."""

    def __init__(self) -> None:
        self._waiting = deque[TrialSpec]()
        self._counts: Counter[tuple[TrialSpec, int]] = Counter()

    def add(self, died: WorkerDied, most: int | None = None) -> TrialLost | TrialFinished:
        """Queue the trial, or fail it after its `most`-th loss, MAX_ATTEMPTS by default.

        Losses with another limit count separately.
        """
        most = most or MAX_ATTEMPTS
        self._counts[died.trial, most] += 1
        count = self._counts[died.trial, most]
        if count < most:
            self._waiting.append(died.trial)
            return TrialLost(died.trial, died.reason)
        details = f"{died.reason}, in attempt {count} of {most}.\n{died.details}"
        return TrialFinished(died.trial, TrialResult(failure=Failure(died.reason, True, details)))

    def next(self) -> TrialSpec | None:
        """Take the trial that has waited longest, None without any."""
        return self._waiting.popleft() if self._waiting else None
