"""Runs the trials of some studies, each once, and keeps what finished."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from ablations.costs.conventions import FULL
from ablations.costs.fvcore_counter import count_cost
from ablations.errors import SettingError
from ablations.records.key import RecordKey
from ablations.records.logs import write_log
from ablations.records.store import Store
from ablations.records.trial_record import TRIALS, TrainedCosts, TrialRecord
from ablations.run.capacity import choose_jobs
from ablations.run.pool import Ended, Lost, Pool, Started, Stepped
from ablations.study.run_settings import RunSettings
from ablations.training.environment import describe_environment
from ablations.training.loop import total_steps
from ablations.training.progress import Progress
from ablations.training.setup import Setup, sources_of
from ablations.training.trial import Failure, Outcome, Trial, run_trial


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
) -> list[TrialRecord]:
    """One record for every (variant, seed), see `run_seeded`.

    Every variant gets its first seed before any gets its second, so that what an interrupted run
    has recorded compares all of them.
    """
    wanted = [(setup, seed) for seed in range(settings.seeds) for setup in setups]
    return run_seeded(wanted, settings.jobs, device, store, progress, debug)


def run_seeded(
    seeded: Sequence[tuple[Setup, int]],
    jobs: str,
    device: torch.device,
    store: Store[TrialRecord],
    progress: Progress,
    debug: bool = False,
) -> list[TrialRecord]:
    """One record for every setup with its seed, trained here or found in `store`, in their order.

    Trials run side by side as `jobs` (of RunSettings) says; their numbers do not depend on it. What
    makes a trial fail goes into its record and its log; with `debug` trials run one at a time in
    this process, and it is raised.

    Raises:
        SettingError: Where a file of the store is no record.
    """
    orders = {
        _trial(setup, seed, device): Order(setup, setup.key(device, seed)) for setup, seed in seeded
    }
    for order in orders.values():
        order.record = store.load(order.key)
    left = [trial for trial, order in orders.items() if order.record is None]
    progress.run_starts(_works(orders))
    for trial, order in orders.items():
        if order.record is not None:
            progress.trial_ends(trial, order.record, reused=True)
    wanted = list({id(orders[trial].setup): orders[trial].setup for trial in left}.values())
    at_a_time = 0 if debug else choose_jobs(jobs, wanted, device)
    desk = Desk(orders, store, progress)
    if at_a_time and left:
        desk.run_beside(left, min(at_a_time, len(left)))
    else:
        desk.run_here(left, debug)
    return [order.record for order in orders.values() if order.record is not None]


def _trial(setup: Setup, seed: int, device: torch.device) -> Trial:
    code = sources_of(setup.variant, setup.settings)
    return Trial(setup.variant, setup.settings, seed, device.type, code)


@dataclass
class Order:
    """A trial that is wanted; record: once it is over."""

    setup: Setup
    key: RecordKey
    record: TrialRecord | None = None

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


@dataclass(frozen=True)
class Desk:
    """Where trials are given out and their records come in."""

    orders: dict[Trial, Order]
    store: Store[TrialRecord]
    progress: Progress

    def run_here(self, trials: Sequence[Trial], debug: bool) -> None:
        """One at a time, in this process."""
        for trial in trials:
            self.progress.trial_starts(trial, self._steps(trial))

            def on_step(step: int, loss: float, trial: Trial = trial) -> None:
                self.progress.step_done(trial, step, loss)

            self.keep(trial, run_trial(self.orders[trial].setup, trial, on_step, debug))

    def run_beside(self, trials: Sequence[Trial], jobs: int) -> None:
        """So many at a time, in processes of their own."""
        threads = max(trial.settings.threads for trial in trials)
        with Pool(jobs, threads) as pool:
            for event in pool.run(trials):
                match event:
                    case Started(trial):
                        self.progress.trial_starts(trial, self._steps(trial))
                    case Stepped(trial, step, loss):
                        self.progress.step_done(trial, step, loss)
                    case Lost(trial, reason):
                        self.progress.trial_lost(trial, reason)
                    case Ended(trial, outcome):
                        self.keep(trial, outcome)

    def keep(self, trial: Trial, outcome: Outcome | Failure) -> None:
        """Writes a trial's record, and the log of its failure."""
        order = self.orders[trial]
        record = outcome.record if isinstance(outcome, Outcome) else _failed(trial, order, outcome)
        if outcome.traceback:
            log = write_log(self.store.output, order.key.stem(TRIALS.format), outcome.traceback)
            record = replace(record, log=log)
        # The digest of a user's code depends on what else this process has loaded beside it.
        order.record = replace(record, settings=order.key.settings)
        self.store.save(order.key, order.record)
        self.progress.trial_ends(trial, order.record, reused=False)

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
    )


def _works(orders: dict[Trial, Order]) -> dict[Trial, float]:
    """Multiply-accumulates of each trial's steps, forward, by which its time is estimated."""
    macs: dict[int, int] = {}
    works = {}
    for trial, order in orders.items():
        setup = order.setup
        if id(setup) not in macs:
            cost = order.cost()
            macs[id(setup)] = FULL.count(cost.operations) if cost else 1
        steps = total_steps(trial.settings, setup.data)
        works[trial] = float(macs[id(setup)] * steps * trial.settings.batch_size)
    return works
