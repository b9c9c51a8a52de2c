"""Runs the trials of some studies, each once, and returns their records."""

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

from ablations.costs.conventions import FULL
from ablations.records.checkpoints import TrialFiles
from ablations.records.claims import Claims
from ablations.records.trial_record import TrialRecord
from ablations.run.context import RunContext
from ablations.run.engines.choice import choose_engine
from ablations.run.events import PassStarted, TrialRecorded
from ablations.run.scheduler import OnRecords, PendingTrial, Scheduler
from ablations.study.run_settings import RunSettings
from ablations.training.loop import total_batches
from ablations.training.trial_spec import TimingSpec, TrialSpec

Item = TypeVar("Item")


def run_trials(
    context: RunContext, specs: Sequence[TimingSpec], on_records: OnRecords = lambda records: None
) -> list[TrialRecord]:
    """Run every variant with every seed of the settings; see `run_seeded`.

    Every variant is trained with its first seed before any gets its second, so the records of an
    interrupted run compare all variants. The run stops once more trials have failed than
    `settings.fail_on_error` allows.
    """
    trials = [spec.trial(seed) for seed in range(context.settings.seeds) for spec in specs]
    allowed = failures_allowed(context.settings, len(trials))
    return run_seeded(context, trials, tuning=False, allowed=allowed, on_records=on_records)


def run_seeded(
    context: RunContext,
    trials: Sequence[TrialSpec],
    tuning: bool,
    allowed: float = math.inf,
    on_records: OnRecords = lambda records: None,
) -> list[TrialRecord]:
    """Train each trial, or reuse its record in the output folder.

    Trials run in parallel as `settings.jobs` says; their numbers do not depend on it. Trials that
    another run in the same folder has claimed are left to it. The error of a failed trial goes into
    its record and log; with `context.debug` trials run one at a time in this process, and it is
    raised.

    Args:
        context: The run.
        trials: The trials.
        tuning: Whether the trials choose settings for the studies.
        allowed: Failed trials after which the run stops.
        on_records: Receives the records so far, every few seconds.

    Returns:
        The records in the order of `trials`. Some are missing for a shard, and after a stop;
        stopped trials have left checkpoints.
    """
    settings, store, stop = context.settings, context.store, context.stop
    pending = {trial: _pending(context, trial) for trial in trials}
    for trial, one in pending.items():
        one.reuse(store.peek(trial), settings.retry_failed)
    mine = set(of_shard(list(pending), settings.shard))
    left = [trial for trial in pending if trial in mine and pending[trial].record is None]
    shown = {t: one for t, one in pending.items() if t in mine or one.record is not None}
    context.emit(PassStarted(_works(shown), tuning))
    for trial, one in pending.items():
        if one.record is not None:
            context.emit(TrialRecorded(trial, one.record, reused=True))
    engine = choose_engine(settings, left, context.data_sets, context.device, context.debug)
    with stop.patiently(engine.here), Claims(settings.output, context.notice) as claims:
        scheduler = Scheduler(context, pending, claims, allowed, on_records)
        scheduler.begin()
        while left and not stop.asked:
            scheduler.run(engine, left)
            left = [trial for trial in left if pending[trial].record is None]
            scheduler.wait(left)
    for trial, one in pending.items():
        if trial not in mine and one.record is None:  # another shard may have finished it
            one.reuse(store.peek(trial), retry_failed=False)
    return [one.record for one in pending.values() if one.record is not None]


def failures_allowed(settings: RunSettings, trials: int) -> float:
    """Return how many of `trials` may fail, those recorded by earlier runs included."""
    if settings.fail_fast:
        return 0
    allowed = settings.fail_on_error
    if allowed is None:
        return math.inf
    if allowed.isdigit():
        return int(allowed)
    share = float(allowed[:-1]) / 100 if allowed.endswith("%") else float(allowed)
    return math.floor(share * trials)


def of_shard(trials: Sequence[Item], shard: str | None) -> list[Item]:
    """Return the trials of a shard "I/N": every N-th from the I-th on; all of them for None.

    Args:
        trials: All trials of the study, finished or not: what a shard trains does not depend on
            what others have done.
        shard: `RunSettings.shard`.
    """
    if shard is None:
        return list(trials)
    place, of = map(int, shard.split("/"))
    return list(trials[place - 1 :: of])


def _pending(context: RunContext, trial: TrialSpec) -> PendingTrial:
    settings = context.settings
    every, save_weights = settings.checkpoint_every, settings.save_weights
    files = TrialFiles.of(settings.output, trial.name, every, save_weights)
    return PendingTrial(trial, context.data_sets.of(trial), files)


def _works(pending: Mapping[TrialSpec, PendingTrial]) -> dict[TrialSpec, float]:
    """Return each trial's multiply-accumulates, forward, from which its time is estimated."""
    macs: dict[tuple[object, ...], int] = {}
    works = {}
    for trial, one in pending.items():
        data, settings = one.data, trial.settings
        kind = trial.variant.network, settings.model, data.classes, data.image_size
        if kind not in macs:
            cost = one.cost()
            macs[kind] = FULL.count(cost.operations) if cost else 1
        works[trial] = float(macs[kind] * total_batches(settings, data) * settings.batch_size)
    return works
