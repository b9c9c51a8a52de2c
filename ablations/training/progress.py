"""What a run tells whoever watches it."""

from collections.abc import Mapping

from ablations.records.timing_record import TimingRecord
from ablations.records.trial_record import TrialRecord
from ablations.study.variants import Variant
from ablations.training.epoch import Epoch
from ablations.training.trial import Trial

TUNING, STUDY = "tuning", "trials"
"""The passes of a run: trials that variants choose their training by, and those of its studies."""


class Progress:
    """Receives the events of a run; this one ignores them. Several trials may run at a time."""

    def images_seen(self, done: int, of: int) -> None:
        """So many of the images that were not known before have been looked at."""

    def costs_counted(self, done: int, of: int) -> None:
        """So many of the networks have been counted and proven."""

    def notice(self, line: str) -> None:
        """Something that whoever watches should know, such as a damaged file."""

    def pass_starts(self, name: str) -> None:
        """The trials that follow are of this pass, TUNING or STUDY; a run that tunes nothing does
        not say so."""

    def run_starts(self, works: Mapping[Trial, float]) -> None:
        """These trials are wanted in this pass; their works are as their times, in any unit."""

    def trial_starts(self, trial: Trial, steps: int) -> None:
        """A trial of so many steps starts, or starts again."""

    def step_done(self, trial: Trial, step: int, loss: float) -> None:
        """A running trial has done its first `step` steps; `loss` is the last one's. Not every step
        is told."""

    def point_measured(self, trial: Trial, point: Epoch) -> None:
        """A running trial has a point more on its curve."""

    def trial_lost(self, trial: Trial, reason: str) -> None:
        """The process of a trial has died; the trial will start again."""

    def trial_paused(self, trial: Trial) -> None:
        """A trial has stopped and left a checkpoint, from which another run goes on."""

    def trial_ends(self, trial: Trial, record: TrialRecord, reused: bool) -> None:
        """A trial has ended; reused: it was recorded by an earlier run."""

    def timings_start(self, variants: int) -> None:
        """Speed and memory of so many variants are wanted."""

    def memory_turn(self, variant: Variant) -> None:
        """This variant's memory is being measured."""

    def speed_turn(self, variant: Variant, number: int) -> None:
        """This variant's speed is being measured, in round `number` (from 1)."""

    def timing_ends(self, record: TimingRecord, reused: bool) -> None:
        """A variant has been measured; reused: it was recorded by an earlier run."""

    def run_ends(self) -> None:
        """Nothing more will be told; trials may have been left."""
