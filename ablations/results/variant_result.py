"""One variant of a study: its costs, and what its trials and its timing say. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ablations.costs.conventions import FULL, Convention
from ablations.costs.proof import Proof
from ablations.records.timing_record import TimingRecord
from ablations.records.trial_record import TrialRecord
from ablations.statistics.contrasts import Contrast
from ablations.statistics.estimate import Estimate, Interval
from ablations.study.variants import Variant
from ablations.training.trial_result import TrainedCosts


@dataclass(frozen=True)
class Rate:
    """How fast a network is: images per second, the median and the quartiles around it."""

    median: float
    quartiles: Interval


@dataclass(frozen=True)
class VariantResult:
    """Everything that a run says of one variant of a study.

    Attributes:
        name: Name in the study.
        variant: Its network and training.
        levels: Its levels on the axes of the study, in their order.
        is_baseline: Whether the others are compared with it.
        proof: Its counts.
        seeds: Requested trials; 0 for costs only.
        trials: Finished trials in the order of their seeds; empty without training.
        timing: Its timing; None without training.
        blocks: Block of each trial, see `environments.blocks`: trials of one block are paired.
        contrast: Contrast with the baseline; None for the baseline and for a variant judged on
            another data set.
    """

    name: str
    variant: Variant
    levels: tuple[str, ...]
    is_baseline: bool
    proof: Proof
    seeds: int
    trials: tuple[TrialRecord, ...]
    timing: TimingRecord | None
    blocks: tuple[int, ...]
    contrast: Contrast | None

    @property
    def params(self) -> int:
        """Parameters of the network whose costs were counted."""
        return self.proof.params

    @property
    def macs(self) -> int:
        """Multiply-accumulates of that network for one image, the aggregation included."""
        return self.proof.macs

    @property
    def macs_by_term(self) -> Mapping[str, int]:
        """The same by term of the closed form; "rest": all other convolutions, the classifier."""
        spatial = self.proof.counted_macs
        return {**spatial, "rest": self.macs - sum(spatial.values())}

    def flops(self, convention: Convention) -> int:
        """ "FLOPs" of that network for one image, as a convention counts them."""
        return convention.count(self.proof.operations)

    @property
    def proven_by(self) -> str:
        """What the counts were compared with: a user's code has no closed form."""
        if not self.variant.own_code:
            return "closed form"
        return "two counters" if len(self.proof.counters) > 1 else "one counter"

    @cached_property
    def top1(self) -> Estimate:
        """Percent, over the seeds that finished."""
        return Estimate.of(trial.top1 for trial in self.trials)

    @property
    def top1_by_seed(self) -> dict[int, float | None]:
        """Seed -> Top-1, percent; None where the trial failed."""
        return {trial.seed: trial.top1 for trial in self.trials}

    @property
    def top1_by_block(self) -> dict[int, float | None]:
        """Block -> Top-1, percent; None where the trial failed. Comparisons pair by it."""
        tops = (trial.top1 for trial in self.trials)
        return dict(zip(self.blocks, tops, strict=True))

    @property
    def failed(self) -> int:
        """The trials without a result."""
        return sum(trial.failure is not None for trial in self.trials)

    @property
    def missing(self) -> int:
        """The trials that have not run yet."""
        return max(0, self.seeds - len(self.trials))

    @property
    def _trained_costs(self) -> TrainedCosts | None:
        return next((trial.costs for trial in self.trials if trial.costs is not None), None)

    @property
    def trained_params(self) -> int | None:
        """Parameters of the network that was trained; None where none was."""
        return None if self._trained_costs is None else self._trained_costs.params

    @property
    def trained_macs(self) -> int | None:
        """Multiply-accumulates of the network that was trained, for one image."""
        costs = self._trained_costs
        return None if costs is None else FULL.count(costs.operations)

    @property
    def training_rate(self) -> Rate | None:
        """Images a second of training steps; None if not measured."""
        if self.timing is None:
            return None
        return _rate(self.timing.training_images_per_second, self.timing.training_quartiles)

    @property
    def inference_rate(self) -> Rate | None:
        """Images a second of inference; None if not measured."""
        if self.timing is None:
            return None
        return _rate(self.timing.inference_images_per_second, self.timing.inference_quartiles)

    @property
    def peak_mib(self) -> float | None:
        """Most memory that tensors hold in a training step, MiB; None where not measured."""
        if self.timing is None or self.timing.peak_bytes is None:
            return None
        return self.timing.peak_bytes / 2**20

    @property
    def timing_failure(self) -> str | None:
        """Why speed and memory are missing, where the measurement failed."""
        return None if self.timing is None else self.timing.failure


def _rate(median: float | None, quartiles: Interval | None) -> Rate | None:
    return None if median is None or quartiles is None else Rate(median, quartiles)
