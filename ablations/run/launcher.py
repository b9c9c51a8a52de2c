"""Runs the trials of some studies, each once, and keeps what finished."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ablations.costs.fvcore_counter import count_cost
from ablations.errors import SettingError, TrialFailed, one_line
from ablations.records.key import RecordKey
from ablations.records.logs import traceback_text, write_log
from ablations.records.store import Store
from ablations.records.trial_record import TRIALS, TrialRecord
from ablations.training.environment import describe_environment
from ablations.training.loop import Epoch, total_steps, train
from ablations.training.progress import Progress
from ablations.training.setup import Setup


def choose_device(name: str) -> torch.device:
    """The device that "auto", "cpu" or "cuda" means here; SettingError where there is none."""
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingError("device", name, "no CUDA device is available; allowed here: auto, cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def run_trials(
    setups: Sequence[Setup],
    seeds: int,
    device: torch.device,
    store: Store[TrialRecord],
    progress: Progress,
    debug: bool = False,
) -> list[TrialRecord]:
    """One record for every (variant, seed), trained here or found in `store`.

    Every variant gets its first seed before any gets its second, so that what an interrupted run
    has recorded compares all of them. What makes a trial fail goes into its record and its log;
    with `debug` it is raised.

    Raises:
        SettingError: Where a file of the store is no record.
    """
    progress.run_starts(len(setups) * seeds)
    records = []
    for seed in range(seeds):
        for setup in setups:
            key = setup.key(device, seed)
            record = store.load(key)
            reused = record is not None
            if record is None:
                progress.trial_starts(setup.variant, seed, total_steps(setup.settings, setup.data))
                trial = _Trial(setup, seed, device, progress, debug)
                record = trial.record(key, store.output)
                store.save(key, record)
            progress.trial_ends(record, reused)
            records.append(record)
    return records


@dataclass
class _Trial:
    """One variant, trained once."""

    setup: Setup
    seed: int
    device: torch.device
    progress: Progress
    debug: bool
    failure: str | None = None
    transient: bool = False
    traceback: str = ""

    def record(self, key: RecordKey, output: Path) -> TrialRecord:
        """Trains it; output: where the log of its failure goes."""
        network = self.setup.network(self.seed)
        cost = count_cost(network, self.setup.data.image_size)
        start = time.perf_counter()
        curve = self._train(network)
        seconds = time.perf_counter() - start
        log = None
        if self.failure is not None:
            log = write_log(output, key.stem(TRIALS.format), self.traceback)
        return TrialRecord(
            variant=key.variant,
            seed=self.seed,
            settings=key.settings,
            device=key.device,
            data=self.setup.data.description,
            curve=tuple(vars(epoch) for epoch in curve),
            top1=curve[-1].top1 if curve else None,
            costs={"params": cost.params, "operations": dict(cost.operations)},
            seconds=seconds,
            environment=describe_environment(self.device),
            failure=self.failure,
            transient=self.transient,
            log=log,
        )

    def _train(self, network: nn.Module) -> list[Epoch]:
        data, settings = self.setup.data, self.setup.settings
        try:
            return train(network, data, settings, self.seed, self.device, self.progress.step_done)
        except (Exception, SystemExit) as error:  # whatever ends one must not end the others
            if self.debug:
                raise
            known = isinstance(error, TrialFailed)
            self.failure = str(error) if known else one_line(error)
            self.transient, self.traceback = not known, traceback_text(error)
            return []
