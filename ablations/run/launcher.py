"""Runs the trials of some studies, each once, and keeps what finished."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from ablations.costs.conventions import FULL
from ablations.costs.counters import count_cost
from ablations.data.registry import is_own_data
from ablations.errors import SettingError
from ablations.records.claims import Claims
from ablations.records.key import RecordKey
from ablations.records.logs import write_log
from ablations.records.store import Store
from ablations.records.trial_record import TRIALS, TrainedCosts, TrialRecord
from ablations.run.engines.choice import choose_engine
from ablations.run.engines.engine import (
    Ended,
    Engine,
    Event,
    Lost,
    Measured,
    Noticed,
    Paused,
    Started,
    Stepped,
)
from ablations.run.failure_limit import failures_allowed
from ablations.run.shards import of_shard
from ablations.run.stopping import Stop
from ablations.study.run_settings import RunSettings
from ablations.training.environment import describe_environment
from ablations.training.loop import total_batches, total_steps
from ablations.training.progress import Progress
from ablations.training.setup import Setup, sources_of
from ablations.training.trial import Failure, Outcome, Trial
from ablations.training.trial_files import TrialFiles

TOLD_EVERY = 5.0
"""Seconds between two looks at the records so far, at least."""

OnRecords = Callable[[Sequence[TrialRecord]], None]
"""Given the records so far."""


def choose_device(name: str) -> torch.device:
    """The device that "auto", "cpu" or "cuda" means here; SettingError where there is none."""
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingError("device", name, "no CUDA device is available; allowed here: auto, cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def run_trials(
    setups: Sequence[Setup],
    settings: RunSettings,
    device: torch.device,
    store: Store[TrialRecord],
    progress: Progress,
    debug: bool = False,
    stop: Stop | None = None,
    on_records: OnRecords = lambda records: None,
) -> list[TrialRecord]:
    """One record for every (variant, seed), see `run_seeded`.

    Every variant gets its first seed before any gets its second, so that what an interrupted run
    has recorded compares all of them. Where more of them fail than `settings` allow, the run is
    stopped.
    """
    wanted = [(setup, seed) for seed in range(settings.seeds) for setup in setups]
    allowed = failures_allowed(settings, len(wanted))
    return run_seeded(wanted, settings, device, store, progress, debug, stop, on_records, allowed)


def run_seeded(
    seeded: Sequence[tuple[Setup, int]],
    settings: RunSettings,
    device: torch.device,
    store: Store[TrialRecord],
    progress: Progress,
    debug: bool = False,
    stop: Stop | None = None,
    on_records: OnRecords = lambda records: None,
    allowed: float = math.inf,
) -> list[TrialRecord]:
    """One record for every setup with its seed, trained here or found in `store`, in their order.
    Of a shard, those that are trained elsewhere may be missing.

    Trials run side by side as `settings.jobs` says; their numbers do not depend on it. Trials that
    another run in the same folder is at are left to it. What makes a trial fail goes into its
    record and its log; with `debug` trials run one at a time in this process, and it is raised.

    Where `stop` is asked, or more trials fail than are `allowed`, it returns what there is; what
    was running has left checkpoints. on_records: see `TOLD_EVERY`.
    """
    orders = {
        _trial(setup, seed, device): _order(setup, setup.key(device, seed), settings)
        for setup, seed in seeded
    }
    for order in orders.values():
        order.take(store.peek(order.key), settings.retry_failed)
    mine = set(of_shard(list(orders), settings.shard))
    left = [trial for trial in orders if trial in mine and orders[trial].record is None]
    known = {t: order for t, order in orders.items() if t in mine or order.record is not None}
    progress.run_starts(_works(known))
    for trial, order in orders.items():
        if order.record is not None:
            progress.trial_ends(trial, order.record, reused=True)
    setups = {trial: orders[trial].setup for trial in left}
    engine, stop = choose_engine(settings, setups, device, debug), stop or Stop()
    with stop.patiently(engine.here), Claims(store.output, progress.notice) as claims:
        desk = Desk(orders, store, claims, progress, stop, allowed, on_records)
        desk.begin()
        while left and not stop.asked:
            desk.run(engine, left)
            left = [trial for trial in left if orders[trial].record is None]
            desk.wait(left)
    for trial, order in orders.items():
        if trial not in mine and order.record is None:  # ended by another shard meanwhile
            order.take(store.peek(order.key), retry_failed=False)
    return [order.record for order in orders.values() if order.record is not None]


def _order(setup: Setup, key: RecordKey, settings: RunSettings) -> "Order":
    stem, every = key.stem(TRIALS.format), settings.checkpoint_every
    files = TrialFiles.of(settings.output, stem, every, settings.save_weights)
    return Order(setup, key, files)


def _trial(setup: Setup, seed: int, device: torch.device) -> Trial:
    code = sources_of(setup.variant, setup.settings)
    images = "" if is_own_data(setup.settings.dataset) else setup.data.fingerprint
    return Trial(setup.variant, setup.settings, seed, device.type, code, images)


@dataclass
class Order:
    """A trial that is wanted; record: once it is over; refused: one that was found and is to be
    replaced."""

    setup: Setup
    key: RecordKey
    files: TrialFiles
    record: TrialRecord | None = None
    refused: TrialRecord | None = None

    @property
    def claim(self) -> str:
        """The name of the claim of this trial."""
        return self.key.stem(TRIALS.format)

    def take(self, found: TrialRecord | None, retry_failed: bool) -> None:
        """Takes a record that was found, unless the trial is to run again."""
        failed = found is not None and found.failure is not None
        again = retry_failed if failed else not self.files.complete
        if again:
            self.refused = found
        else:
            self.record = found

    @property
    def result_before(self) -> TrialRecord | None:
        """What is to be replaced, where it is a result."""
        return self.refused if self.refused and self.refused.failure is None else None

    def cost(self) -> TrainedCosts | None:
        """Of its network; None where a user's code makes none."""
        if self.record is not None and self.record.costs is not None:
            return self.record.costs
        try:
            network = self.setup.network(self.key.seed or 0)
            cost = count_cost(network, self.setup.data.image_size)
        except (Exception, SystemExit):  # its trial tells what it is
            return None
        return TrainedCosts(cost.params, cost.operations)


@dataclass
class Desk:
    """Where trials are given out and their records come in.

    Attributes:
        orders: All trials, in the order of their records.
        store: Of the records.
        claims: On trials, where several runs share the folder.
        progress: Told what happens.
        stop: Looked at, and asked for when more trials have failed than may.
        allowed: So many may.
        on_records: Of `run_trials`.
    """

    orders: Mapping[Trial, Order]
    store: Store[TrialRecord]
    claims: Claims
    progress: Progress
    stop: Stop
    allowed: float
    on_records: OnRecords
    _failed: int = 0
    _told: float = 0.0
    _untold: bool = True

    @property
    def records(self) -> list[TrialRecord]:
        """Those that are there."""
        return [order.record for order in self.orders.values() if order.record is not None]

    def begin(self) -> None:
        """For when the records of earlier runs are there, and before any trial runs."""
        self._failed = sum(record.failure is not None for record in self.records)
        self._check_failures()
        self._tell_records()

    def claimed(self, trials: Sequence[Trial]) -> Iterator[Trial]:
        """Those of the trials that no other run is at or has ended, each claimed as it is asked
        for."""
        for trial in trials:
            order = self.orders[trial]
            if not self.claims.take(order.claim, order.key.subject):
                continue
            found = self.store.load(order.key)
            if found is None or found == order.refused:
                yield trial
                continue
            order.record = found
            self.claims.drop(order.claim)
            self._ends(trial, found, reused=True)

    def wait(self, trials: Sequence[Trial]) -> None:
        """Waits, where trials are left to other runs, until one of them is over or given up."""
        if trials and not self.stop.asked:
            claims = [self.orders[trial].claim for trial in trials]
            several = f"{len(trials)} trials" if len(trials) > 1 else "the last trial"
            self.progress.notice(f"waiting for {several} of {self.claims.holder(claims[0])}")
            self.claims.wait(claims, lambda: self.stop.asked)

    def run(self, engine: Engine, trials: Sequence[Trial]) -> None:
        """Has the engine train those of the trials that can be claimed."""
        files = {trial: self.orders[trial].files for trial in trials}
        engine.run(self.claimed(trials), files, self.stop, self.take)

    def take(self, event: Event) -> None:
        """Whatever happens to a trial."""
        match event:
            case Started(trial):
                self.progress.trial_starts(trial, self._steps(trial))
            case Stepped(trial, step, loss):
                self.progress.step_done(trial, step, loss)
            case Measured(trial, point):
                self.progress.point_measured(trial, point)
            case Noticed(line):
                self.progress.notice(line)
            case Lost(trial, reason):
                self.progress.trial_lost(trial, reason)
            case Ended(trial, outcome):
                self.keep(trial, outcome)
            case Paused(trial):
                self.progress.trial_paused(trial)
        self._tell_records()

    def keep(self, trial: Trial, outcome: Outcome | Failure) -> None:
        """Writes a trial's record, and the log of its failure."""
        order = self.orders[trial]
        record = outcome.record if isinstance(outcome, Outcome) else _failed(trial, order, outcome)
        if record.images != order.key.data:
            changed = Failure("the images were changed while the run went on", True, "")
            record = _failed(trial, order, changed)
        if outcome.traceback:
            record = replace(record, log=self._log(order, outcome.traceback))
        before = order.result_before
        if record.failure is not None and before is not None:
            failed = f"trained again for its weights, it failed ({record.failure})"
            self.progress.notice(f"{order.claim}: {failed}; the result on record is kept")
            record = before
        # The digest of a user's code depends on what else this process has loaded beside it.
        order.record = replace(record, settings=order.key.settings)
        self.store.save(order.key, order.record)
        if order.record.reusable:  # one that runs again goes on from there
            order.files.remove_checkpoint()
        self.claims.drop(order.claim)
        self._ends(trial, order.record, reused=False)

    def _ends(self, trial: Trial, record: TrialRecord, reused: bool) -> None:
        self.progress.trial_ends(trial, record, reused)
        self._untold = True
        self._failed += record.failure is not None
        self._check_failures()

    def _check_failures(self) -> None:
        if self._failed > self.allowed:
            self.stop.after_failures()

    def _tell_records(self) -> None:
        if self._untold and time.monotonic() - self._told >= TOLD_EVERY:
            self.on_records(self.records)
            self._told, self._untold = time.monotonic(), False

    def _log(self, order: Order, traceback: str) -> str | None:
        """Writes a traceback; without one its record is still worth keeping."""
        try:
            return write_log(self.store.output, order.claim, traceback)
        except OSError as error:
            self.progress.notice(f"{error.filename}: {error.strerror}; a traceback is lost")
            return None

    def _steps(self, trial: Trial) -> int:
        return total_steps(trial.settings, self.orders[trial].setup.data)


def _failed(trial: Trial, order: Order, failure: Failure) -> TrialRecord:
    """The record of a trial whose process could not make one."""
    return TrialRecord(
        variant=trial.variant,
        seed=trial.seed,
        settings=order.key.settings,
        device=trial.device,
        data=order.setup.data.description,
        curve=(),
        top1=None,
        costs=order.cost(),
        seconds=0.0,
        environment=describe_environment(torch.device(trial.device)),
        failure=failure.reason,
        transient=failure.transient,
        images=order.key.data,
    )


def _works(orders: dict[Trial, Order]) -> dict[Trial, float]:
    """Multiply-accumulates of each trial's steps, forward, by which its time is estimated."""
    macs: dict[tuple[object, ...], int] = {}
    works = {}
    for trial, order in orders.items():
        kind = order.setup.kind
        if kind not in macs:
            cost = order.cost()
            macs[kind] = FULL.count(cost.operations) if cost else 1
        batches = total_batches(trial.settings, order.setup.data)
        works[trial] = float(macs[kind] * batches * trial.settings.batch_size)
    return works
