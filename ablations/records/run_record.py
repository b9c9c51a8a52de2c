"""One run as a whole: proofs, trials and timings of some studies, as data. No torch."""

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
    """What a report is made of.

    proofs: study name -> one for each variant, in the order of the table.
    studies: as their files say, before anything was chosen for their variants.
    records: of all studies; empty where nothing was trained.
    timings: one for each variant; empty where nothing was trained.
    command: the command line, as typed.
    code: a user's code, module:object -> its files; see `own_code.code_of`.
    tuning: the trials that variants chose their training by; empty where nothing was tuned.
    wanted: trials of the studies that were asked for, whether they have ended or not.
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
        """What the trials were measured on, all values that occur; without trials, this machine."""
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
        """Whether some of them have not ended yet."""
        return len(self.records) < self.wanted

    @property
    def tuning_wanted(self) -> int:
        """Trials of the tuning that were asked for."""
        if self.settings.train is None:
            return 0
        return sum(map(len, tuning_candidates(self.studies).values()))

    @property
    def choosing(self) -> bool:
        """Whether some of them have not ended yet, so that no variant has chosen."""
        return len(self.tuning) < self.tuning_wanted

    @property
    def failures(self) -> list[TrialRecord]:
        """The trials without a result."""
        return [record for record in self.records if record.failure is not None]

    @property
    def tuning_failures(self) -> list[TrialRecord]:
        """The trials of the tuning without a result."""
        return [record for record in self.tuning if record.failure is not None]

    @property
    def fruitless(self) -> bool:
        """Whether something was to be trained and no trial of a study has a result."""
        failed = all(record.failure is not None for record in self.records)
        return self.settings.train is not None and failed

    @property
    def verified(self) -> bool:
        return all(proof.verified for proofs in self.proofs.values() for proof in proofs)
