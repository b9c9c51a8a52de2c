"""What a run will cost on this machine, and which differences its seeds can detect."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, repeat
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch

from ablations.data.images import ImageData, reading_rate
from ablations.errors import SettingError
from ablations.records.run_record import Run
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS, TimingRecord
from ablations.records.trial_record import TRIALS
from ablations.results.results import results_of
from ablations.results.tuning_result import trained_variants
from ablations.run.capacity import choose_jobs
from ablations.run.context import choose_device
from ablations.run.events import Emit, scanning
from ablations.run.timings import measure_timings
from ablations.run.tuning import tuning_trials
from ablations.statistics.contrasts import pooled_spread
from ablations.statistics.power import (
    detectable_difference,
    detectable_margin,
    equivalence_power,
    no_worse_power,
)
from ablations.statistics.significance import seeds_needed
from ablations.study.run_settings import RunSettings
from ablations.study.study import Study
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.data_sets import DataSets, timing_specs
from ablations.training.loop import curve_steps, total_batches, total_steps
from ablations.training.process import threads_fixed
from ablations.training.trial_spec import Spec, TimingSpec, TrialSpec

POWER = 0.8


@dataclass(frozen=True)
class Reach:
    """What one study of a plan can detect.

    Attributes:
        study: Name of the study.
        comparisons: Variants compared with the baseline.
        seeds_needed: Minimum seeds for any verdict against the baseline.
        detectable: Smallest true difference detected with a probability of POWER, in points if the
            plan has a spread, else as a multiple of it; infinite with too few seeds.
        further: Other question of the study -> minimum seeds for it; each is corrected separately.
        within: What it can confirm about the margin; None without a margin or comparisons.
    """

    study: str
    comparisons: int
    seeds_needed: int
    detectable: float
    further: Mapping[str, int]
    within: "MarginReach | None" = None


@dataclass(frozen=True)
class MarginReach:
    """What a study can confirm about a variant that truly equals the baseline.

    Attributes:
        margin: Points of Top-1.
        seeds_needed: Minimum seeds for calling any variant no worse by more than the margin.
        no_worse: Probability that the variant is called so; None without a spread.
        equivalent: Probability that it is called equivalent within the margin; None without a
            spread.
        detectable: Smallest margin confirmed with a probability of POWER; see `Reach.detectable`.
    """

    margin: float
    seeds_needed: int
    no_worse: float | None
    equivalent: float | None
    detectable: float


@dataclass(frozen=True)
class Plan:
    """What a run costs and can detect.

    Attributes:
        trials: Requested trials of the studies.
        recorded: Trials of those that the output folder has.
        jobs: Trials in parallel.
        seconds: Estimated time of the remaining training and testing, tuning included, from the
            median of a few timed steps and from `reading`; ignores that parallel trials slow each
            other down. None if a variant could not be timed.
        reading: Images a second that the slowest data set reads and augments; None without any.
        training: Images a second that the fastest network trains; None without any.
        workers: Processes that read the images of a trial; with 0 the trial reads them itself.
        peak_bytes: Peak of tensors in a training step, of the variant that needs the most.
        failures: Errors of variants that could not be timed.
        seeds: Seeds of each variant.
        spread: Standard deviation of the paired differences, points; None if not given.
        reaches: What each study can detect.
        tuning: The same for the trials of the tuning; None without any. Until all of them are
            recorded the studies' trials are unknown: none counts as recorded, and if budgets are
            tuned each trial is assumed to have the longest.
    """

    trials: int
    recorded: int
    jobs: int
    seconds: float | None
    reading: float | None
    training: float | None
    workers: int
    peak_bytes: int | None
    failures: list[str]
    seeds: int
    spread: float | None
    reaches: list[Reach]
    tuning: "TuningPlan | None" = None


@dataclass(frozen=True)
class TuningPlan:
    """The tuning's part of a plan: same as the fields of `Plan`."""

    trials: int
    recorded: int
    seconds: float | None


def make_plan(
    studies: Sequence[Study], settings: RunSettings, spread: float | None, emit: Emit
) -> Plan:
    """Time a few steps of every variant. Write nothing.

    Args:
        studies: The studies.
        settings: Settings of the run, with training.
        spread: Standard deviation of the paired differences, points; None if unknown.
        emit: Receives the events.

    Raises:
        SettingError: If the run is impossible.
    """
    train = settings.train
    assert train is not None
    device = choose_device(train.device)
    store, data_sets = Store(settings.output, TRIALS), DataSets(scanning(emit))
    candidates = tuning_trials(studies, train, device, data_sets)
    tried = [store.peek(trial) for trial in candidates]
    untried = [trial for trial, record in zip(candidates, tried, strict=True) if not record]
    if untried:
        specs = _longest_specs(studies, train, device, data_sets)
        left = [settings.seeds] * len(specs)
    else:
        tuning = [record for record in tried if record is not None]
        chosen = trained_variants(studies, tuning)
        specs = timing_specs(chosen, train, device, data_sets)
        left = [
            sum(store.peek(spec.trial(seed)) is None for seed in range(settings.seeds))
            for spec in specs
        ]
    unfinished = [spec for spec, trials in zip(specs, left, strict=True) if trials]
    jobs = max(1, choose_jobs(settings.jobs, [*untried, *unfinished], data_sets, device))
    jobs = min(jobs, max(1, len(untried) + sum(left)))
    with TemporaryDirectory() as folder, threads_fixed(train.threads):
        timings = measure_timings(specs, data_sets, Store(Path(folder), TIMINGS), emit)
    both: list[Spec] = [*specs, *untried]
    read = {id(data_sets.of(spec)): spec for spec in both}
    rates = {
        data: reading_rate(data_sets.of(spec), spec.settings.batch_size)
        for data, spec in read.items()
    }
    paces = [timing.training_images_per_second for timing in timings]
    failed = [timing.failure for timing in timings if timing.failure is not None]
    peaks = [timing.peak_bytes for timing in timings if timing.peak_bytes is not None]
    trials = len(specs) * settings.seeds
    data = list(map(data_sets.of, specs))
    each = map(_seconds, specs, data, timings, repeat(rates), left)
    seconds = None if failed else sum(each) / jobs
    tuning_plan = None
    if candidates:
        spent = None
        if not failed:
            spent = _tuning_seconds(untried, specs, data_sets, timings, rates) / jobs
        tuning_plan = TuningPlan(len(candidates), len(candidates) - len(untried), spent)
        seconds = None if seconds is None or spent is None else seconds + spent
    return Plan(
        trials=trials,
        recorded=trials - sum(left),
        jobs=jobs,
        seconds=seconds,
        reading=min(rates.values(), default=None),
        training=max((pace for pace in paces if pace is not None), default=None),
        workers=max(images.workers for images in data),
        peak_bytes=max(peaks, default=None),
        failures=failed,
        seeds=settings.seeds,
        spread=spread,
        reaches=[_reach(study, settings, spread) for study in studies],
        tuning=tuning_plan,
    )


def _longest_specs(
    studies: Sequence[Study], train: TrainSettings, device: torch.device, data_sets: DataSets
) -> list[TimingSpec]:
    """Return a spec for each variant, if tuned with the candidate that sees the most images."""

    def images(spec: TimingSpec) -> int:
        return total_batches(spec.settings, data_sets.of(spec)) * spec.settings.batch_size

    found: dict[Variant, TimingSpec] = {}
    for study in studies:
        candidates = [()] if study.tune is None else study.tune.candidates
        for variant in study.variants.values():
            offered = [variant.trained_with(levels) for levels in candidates]
            found[variant] = max(timing_specs(offered, train, device, data_sets), key=images)
    return list(found.values())


def _tuning_seconds(
    untried: Sequence[TrialSpec],
    specs: Sequence[TimingSpec],
    data_sets: DataSets,
    timings: Sequence[TimingRecord],
    rates: Mapping[int, float],
) -> float:
    """The tuning's trials, by the timing of the same network on the same data set."""
    timed = {
        (spec.variant.network, spec.settings.dataset): timing
        for spec, timing in zip(specs, timings, strict=True)
    }
    return sum(
        _seconds(
            trial,
            data_sets.of(trial),
            timed[trial.variant.network, trial.settings.dataset],
            rates,
            1,
        )
        for trial in untried
    )


def _seconds(
    spec: Spec, data: ImageData, timing: TimingRecord, rates: Mapping[int, float], trials: int
) -> float:
    """Estimate the seconds of `trials` trials: training steps, reading, and tests of the curve.

    Steps are scaled from the timing's batch size to the trial's. Communication between the
    processes of a trial is not counted.
    """
    share_of = spec.settings.share_of
    batch = share_of(min(spec.settings.batch_size, data.train_size))
    steps = total_steps(spec.settings, data)
    before_last = (len(curve_steps(steps)) - 1) * data.curve_size
    batches = share_of(before_last + data.test_size) / timing.batch_size
    tests = batches * median(timing.inference_seconds)
    step = median(timing.step_seconds) * batch / timing.batch_size
    read = batch / rates[id(data)]
    each = max(step, read) if data.workers else step + read
    return trials * (total_batches(spec.settings, data) * each + tests)


def _reach(study: Study, settings: RunSettings, spread: float | None) -> Reach:
    comparisons, seeds = len(study.same_images) - 1, settings.seeds
    if comparisons == 0:
        return Reach(study.name, 0, 0, math.inf, {})
    detectable = detectable_difference(spread or 1.0, seeds, comparisons, power=POWER)
    needed = seeds_needed(comparisons)
    within = None
    if settings.margin is not None:
        within = _margin_reach(settings.margin, seeds, comparisons, spread)
    return Reach(study.name, comparisons, needed, detectable, _needed_further(study), within)


def _margin_reach(margin: float, seeds: int, comparisons: int, spread: float | None) -> MarginReach:
    return MarginReach(
        margin=margin,
        seeds_needed=seeds_needed(comparisons, sides=1),
        no_worse=spread and no_worse_power(margin, spread, seeds, comparisons),
        equivalent=spread and equivalence_power(margin, spread, seeds, comparisons),
        detectable=detectable_margin(spread or 1.0, seeds, comparisons, power=POWER),
    )


def _needed_further(study: Study) -> dict[str, int]:
    """What is asked beside variants against the baseline -> the seeds that it needs at least."""
    others = [len(set(levels)) - 1 for levels in zip(*study.levels.values(), strict=True)]
    averages = {
        f"averages of {axis}": count
        for axis, count in zip(study.axes, others, strict=True)
        if study.crossed and count and axis != "dataset"
    }
    interactions = sum(a * b for a, b in combinations(others, 2)) if study.crossed else 0
    asked = {
        **averages,
        "interactions": interactions,
        "dominance": math.comb(len(study.same_images), 2),
    }
    return {what: seeds_needed(count) for what, count in asked.items() if count}


def spread_of(run: Run) -> float:
    """Standard deviation of the paired differences of a run, pooled over its variants, points.

    Raises SettingError where it has no two pairs anywhere.
    """
    studies = results_of(run).studies
    spread = pooled_spread(contrast for study in studies for contrast in study.baseline_contrasts)
    if spread is None:
        raise SettingError("records", run.settings.output, "its trials show no spread over seeds")
    return spread
