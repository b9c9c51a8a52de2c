"""One run: studies, proofs, trials and timings, as data. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ablations.costs.proof import Proof
from ablations.own_code import Code
from ablations.records.timing_record import TimingRecord
from ablations.records.trial_record import TrialRecord
from ablations.study.run_settings import RunSettings
from ablations.study.study import Study, tuning_candidates


@dataclass(frozen=True)
class Run:
    """The data of a report.

    Attributes:
        studies: Studies as their files say, before a tuning chose anything.
        settings: Settings of the run.
        proofs: Study name -> one proof for each variant, in the order of the table.
        records: Trials of all studies that have ended; empty if nothing was trained.
        timings: One for each variant; empty if nothing was trained.
        environment: Versions and hardware of the process that wrote the run.
        command: The command line, as typed.
        code: A user's code, module:object -> its files; see `own_code.code_of`.
        wanted: Number of trials that the studies request.
        tuning: Trials of the tuning; empty if nothing was tuned.
    """

    studies: Sequence[Study]
    settings: RunSettings
    proofs: Mapping[str, Sequence[Proof]]
    records: Sequence[TrialRecord]
    timings: Sequence[TimingRecord]
    environment: Mapping[str, str]
    command: str
    code: Mapping[str, Code]
    wanted: int
    tuning: Sequence[TrialRecord] = field(default_factory=list)

    @property
    def environments(self) -> dict[str, list[str]]:
        """All values that occur in the environments of trials and timings, by name."""
        trials = [record.environment for record in (*self.tuning, *self.records)]
        timings = [record.environment for record in self.timings]
        found = [*trials, *timings] or [self.environment]
        names = dict.fromkeys(name for environment in found for name in environment)
        return {
            name: list(dict.fromkeys(environment.get(name, "unknown") for environment in found))
            for name in names
        }

    @property
    def partial(self) -> bool:
        """Whether some trials of the studies have not ended."""
        return len(self.records) < self.wanted

    @property
    def tuning_wanted(self) -> int:
        """Number of trials that the tuning requests."""
        if self.settings.train is None:
            return 0
        return sum(map(len, tuning_candidates(self.studies).values()))

    @property
    def choosing(self) -> bool:
        """Whether some trials of the tuning have not ended, so that nothing is chosen yet."""
        return len(self.tuning) < self.tuning_wanted

    @property
    def failures(self) -> list[TrialRecord]:
        """Trials of the studies without a result."""
        return [record for record in self.records if record.failure is not None]

    @property
    def tuning_failures(self) -> list[TrialRecord]:
        """Trials of the tuning without a result."""
        return [record for record in self.tuning if record.failure is not None]

    @property
    def fruitless(self) -> bool:
        """Whether trials were requested and none of the studies' has a result."""
        failed = all(record.failure is not None for record in self.records)
        return self.settings.train is not None and failed

    @property
    def verified(self) -> bool:
        """Whether all counts equal the closed forms and the published figures."""
        return all(proof.verified for proofs in self.proofs.values() for proof in proofs)
