"""The trials that a run requests, known without loading its images. No torch."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ablations.data.registry import recorded_name
from ablations.records.run_record import Run
from ablations.records.trial_record import TrialRecord
from ablations.study.study import tuning_candidates
from ablations.study.train_settings import VALIDATION, TrainSettings, whole_identity
from ablations.study.variants import Variant

CODE = "code"
"""The setting that holds the digests of a user's code."""


@dataclass(frozen=True)
class RequestedTrial:
    """A trial that a run requests.

    Attributes:
        variant: Its variant.
        settings: Settings that decide its numbers, without a user's code, which only an import
            would tell.
        device: "auto", "cpu" or "cuda".
        seed: Its seed.
    """

    variant: Variant
    settings: Mapping[str, object]
    device: str
    seed: int

    @property
    def prefix(self) -> str:
        """Start of the name of its record."""
        return f"{self.variant.slug}-seed{self.seed}-"

    def fits(self, record: TrialRecord) -> bool:
        """Return whether a record may be that of the trial, the images and a user's code aside."""
        same = comparable(record.settings) == self.settings
        return same and self.device in ("auto", record.device)

    def claimed_by(self, subject: Mapping[str, Any]) -> bool:
        """Return whether a claim with this subject is that of the trial."""
        settings = subject.get("settings")
        if not isinstance(settings, dict):
            return False
        its = subject.get("network"), subject.get("seed"), comparable(settings)
        return its == (asdict(self.variant.network), self.seed, self.settings)


def requested_trials(run: Run, variants: Iterable[Variant]) -> Iterator[RequestedTrial]:
    """Yield the trials of a run's studies.

    Args:
        run: The run.
        variants: Its variants with the training that a tuning chose, each once.
    """
    if run.settings.train is None:
        return
    for variant in variants:
        for seed in range(run.settings.seeds):
            yield _requested(variant, run.settings.train, seed)


def requested_tuning(run: Run) -> Iterator[RequestedTrial]:
    """Yield the trials of a run's tuning."""
    if run.settings.train is None:
        return
    train = replace(run.settings.train, split=VALIDATION)
    for variant, seeds in tuning_candidates(run.studies).items():
        for seed in seeds:
            yield _requested(variant, train, seed)


def comparable(settings: Mapping[str, object]) -> dict[str, object]:
    """Return the settings of a record or a claim without a user's code."""
    return {name: value for name, value in whole_identity(settings).items() if name != CODE}


def _requested(variant: Variant, train: TrainSettings, seed: int) -> RequestedTrial:
    own = train.for_variant(variant)
    settings = own.identity() | {"dataset": recorded_name(own.dataset)}
    return RequestedTrial(variant, comparable(settings), own.device, seed)
