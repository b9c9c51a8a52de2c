"""What a run tells whoever watches it."""

from ablations.records.timing_record import TimingRecord
from ablations.records.trial_record import TrialRecord
from ablations.study.variants import Variant


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

    def timings_start(self, variants: int) -> None:
        """Speed and memory of so many variants are wanted."""

    def memory_turn(self, variant: Variant) -> None:
        """This variant's memory is being measured."""

    def speed_turn(self, variant: Variant, number: int) -> None:
        """This variant's speed is being measured, in round `number` (from 1)."""

    def timing_ends(self, record: TimingRecord, reused: bool) -> None:
        """A variant has been measured; reused: it was recorded by an earlier run."""
