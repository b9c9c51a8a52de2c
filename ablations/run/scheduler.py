"""Schedules trials and records their results."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch

from ablations.costs.counters import count_cost
from ablations.data.images import ImageData
from ablations.records.checkpoints import TrialFiles
from ablations.records.claims import Claims
from ablations.records.folder import write_log
from ablations.records.trial_record import TrialRecord
from ablations.run.context import RunContext
from ablations.run.engines.engine import Engine
from ablations.run.events import Event, TrialFinished, TrialRecorded
from ablations.training.environment import describe_environment
from ablations.training.network import initial_network
from ablations.training.trial_result import TrainedCosts, TrialResult
from ablations.training.trial_spec import TrialSpec

UPDATE_EVERY = 5.0
"""Minimum seconds between two calls of `on_records`."""

OnRecords = Callable[[Sequence[TrialRecord]], None]
"""Receives the records so far."""


@dataclass
class PendingTrial:
    """A requested trial and, once finished, its record.

    Attributes:
        spec: The trial.
        data: Its images.
        files: Checkpoint and weights.
        record: The record of the finished trial.
        replaced: An existing record that the trial is to replace.
    """

    spec: TrialSpec
    data: ImageData
    files: TrialFiles
    record: TrialRecord | None = None
    replaced: TrialRecord | None = None

    def reuse(self, found: TrialRecord | None, retry_failed: bool) -> None:
        """Use an existing record unless the trial must be retrained."""
        failed = found is not None and found.failure is not None
        again = retry_failed if failed else not self.files.complete
        if again:
            self.replaced = found
        else:
            self.record = found

    @property
    def replaced_result(self) -> TrialRecord | None:
        """The record to be replaced, if it holds a result."""
        return self.replaced if self.replaced and self.replaced.failure is None else None

    def cost(self) -> TrainedCosts | None:
        """Return the costs of the network, or None if a user's code fails to build it."""
        if self.record is not None and self.record.costs is not None:
            return self.record.costs
        try:
            spec, data = self.spec, self.data
            network = initial_network(spec.variant, spec.settings, data.classes, spec.seed)
            cost = count_cost(network, data.image_size)
        except (Exception, SystemExit):  # the trial itself will report it
            return None
        return TrainedCosts(cost.params, cost.operations)


@dataclass
class Scheduler:
    """Schedules trials and collects their records.

    Attributes:
        context: The run.
        pending: All trials of the pass, in the order of their records.
        claims: Claims on trials, for runs that share an output folder.
        failures_allowed: Failed trials after which the run stops.
        on_records: Receives the records so far, at most every `UPDATE_EVERY` seconds.
    """

    context: RunContext
    pending: Mapping[TrialSpec, PendingTrial]
    claims: Claims
    failures_allowed: float = math.inf
    on_records: OnRecords = lambda records: None
    _failed: int = field(default=0, init=False)
    _updated_at: float = field(default=0.0, init=False)
    _outdated: bool = field(default=True, init=False)

    @property
    def records(self) -> list[TrialRecord]:
        """Records collected so far."""
        return [one.record for one in self.pending.values() if one.record is not None]

    def begin(self) -> None:
        """Count the failures of earlier runs. Call it before any trial runs."""
        self._failed = sum(record.failure is not None for record in self.records)
        self._check_failures()
        self._update()

    def run(self, engine: Engine, trials: Sequence[TrialSpec]) -> None:
        """Train with the engine those of the trials that no other run has claimed."""
        files = {trial: self.pending[trial].files for trial in trials}
        engine.run(self._claimed(trials), files, self.context.stop, self.on)

    def wait(self, trials: Sequence[TrialSpec]) -> None:
        """Wait until another run has finished or given up one of the trials."""
        if trials and not self.context.stop.asked:
            claims = [trial.name for trial in trials]
            several = f"{len(trials)} trials" if len(trials) > 1 else "the last trial"
            self.context.notice(f"waiting for {several} of {self.claims.holder(claims[0])}")
            self.claims.wait(claims, lambda: self.context.stop.asked)

    def on(self, event: Event) -> None:
        """Record finished trials and pass every other event on."""
        if isinstance(event, TrialFinished):
            self._keep(event.trial, event.result)
        else:
            self.context.emit(event)
        self._update()

    def _claimed(self, trials: Sequence[TrialSpec]) -> Iterator[TrialSpec]:
        """Claim each trial when the engine asks for it; skip those of other runs."""
        for trial in trials:
            pending = self.pending[trial]
            if not self.claims.take(trial.name, trial.subject):
                continue
            found = self.context.store.load(trial)
            if found is None or found == pending.replaced:
                yield trial
                continue
            pending.record = found
            self.claims.drop(trial.name)
            self._recorded(trial, found, reused=True)

    def _keep(self, trial: TrialSpec, result: TrialResult) -> None:
        """Write the record of a finished trial, and the log of its failure."""
        pending, log = self.pending[trial], None
        if not result.environment:  # its process made no result
            environment = describe_environment(torch.device(trial.device))
            result = replace(result, costs=pending.cost(), environment=environment)
        if result.failure and result.failure.traceback:
            log = self._log(trial, result.failure.traceback)
        record = TrialRecord.of(trial, pending.data.description, result, log)
        before = pending.replaced_result
        if record.failure is not None and before is not None:
            failed = f"trained again for its weights, it failed ({record.failure})"
            self.context.notice(f"{trial.name}: {failed}; the result on record is kept")
            record = before
        pending.record = record
        self.context.store.save(record)
        if record.reusable:  # a trial that will be retried resumes from its checkpoint
            pending.files.remove_checkpoint()
        self.claims.drop(trial.name)
        self._recorded(trial, record, reused=False)

    def _recorded(self, trial: TrialSpec, record: TrialRecord, reused: bool) -> None:
        self.context.emit(TrialRecorded(trial, record, reused))
        self._outdated = True
        self._failed += record.failure is not None
        self._check_failures()

    def _check_failures(self) -> None:
        if self._failed > self.failures_allowed:
            self.context.stop.after_failures()

    def _update(self) -> None:
        if self._outdated and time.monotonic() - self._updated_at >= UPDATE_EVERY:
            self.on_records(self.records)
            self._updated_at, self._outdated = time.monotonic(), False

    def _log(self, trial: TrialSpec, traceback: str) -> str | None:
        """Write a traceback. A record is worth keeping without one."""
        try:
            return write_log(self.context.settings.output, trial.name, traceback)
        except OSError as error:
            self.context.notice(f"{error.filename}: {error.strerror}; a traceback is lost")
            return None
