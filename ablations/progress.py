"""What a run tells whoever watches it."""

from ablations.trials import TrialRecord
from ablations.variants import Variant


class Progress:
    """Receives the events of a run; this one ignores them."""

    def run_starts(self, trials: int) -> None:
        """So many trials are wanted."""

    def trial_starts(self, variant: Variant, seed: int, steps: int) -> None:
        """A trial of so many steps starts."""

    def step_done(self, step: int, loss: float) -> None:
        """The current trial has done its first `step` steps; `loss` is the last one's."""

    def trial_ends(self, record: TrialRecord, reused: bool) -> None:
        """A trial has ended; reused: it was recorded by an earlier run."""
