"""How fast the variants' networks are, and what memory they need, each beside no other work.

A shared machine is faster at one moment than at the next. So the variants are timed in rounds that
visit each of them in turn, and what is slow for a while is slow for all.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import torch
from torch import nn

from ablations.data.images import Batch, seeded
from ablations.errors import one_line
from ablations.records.timing_record import TimingKey, TimingRecord, TimingStore
from ablations.study.variants import Variant
from ablations.training.environment import describe_environment
from ablations.training.loop import make_optimiser, training_step
from ablations.training.memory import peak_bytes
from ablations.training.progress import Progress
from ablations.training.setup import Job

LEAST_ROUNDS = 3
SECONDS = 1.0
"""For each variant: rounds go on until their number and, on average, this time are reached."""
TURN_SECONDS = 0.05
"""Steps of one variant's turn are timed until this has passed, and then as many of inference."""
RATE = 0.0
"""Of learning: an optimiser's step costs the same, and on random images no weight runs away."""


@dataclass(frozen=True)
class Subject:
    """A network on `device`, ready to be trained on one batch or to classify it."""

    network: nn.Module
    optimiser: torch.optim.Optimizer
    batch: Batch
    device: torch.device

    def step(self) -> None:
        training_step(self.network, self.optimiser, *self.batch)

    def infer(self) -> None:
        with torch.inference_mode():
            self.network(self.batch[0])

    def time_steps(self) -> list[float]:
        """Seconds of some training steps. Leaves no gradients behind."""
        self.network.train()
        seconds = self._time(self.step)
        self.optimiser.zero_grad()
        return seconds

    def time_inference(self) -> list[float]:
        """Seconds of the batch in eval mode, some times."""
        self.network.eval()
        return self._time(self.infer)

    def _time(self, work: Callable[[], None]) -> list[float]:
        """Seconds of each run but the first, which finds the caches as other work left them."""
        work()
        self._synchronise()
        seconds: list[float] = []
        while not seconds or sum(seconds) < TURN_SECONDS:
            start = time.perf_counter()
            work()
            self._synchronise()
            seconds.append(time.perf_counter() - start)
        return seconds

    def _synchronise(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


@dataclass(frozen=True)
class Bench:
    """Where one variant is measured."""

    job: Job
    device: torch.device

    @property
    def batch_size(self) -> int:
        """Images of a full batch of training."""
        return min(self.job.settings.batch_size, self.job.data.train_size)

    def prepare(self) -> Subject:
        """The variant's network in training mode, with noise in place of images."""
        network = self.job.network(seed=0)
        network.to(self.device).to(memory_format=torch.channels_last).train()
        generator, size = seeded(0), self.job.data.image_size
        images = torch.randn(self.batch_size, 3, size, size, generator=generator)
        labels = torch.randint(self.job.data.classes, (self.batch_size,), generator=generator)
        images = images.contiguous(memory_format=torch.channels_last)
        batch = (images.to(self.device), labels.to(self.device))
        return Subject(network, make_optimiser(network, RATE), batch, self.device)

    def training_peak(self) -> int:
        """See TimingRecord.peak_bytes."""

        def train_twice() -> None:  # the second step finds gradients and momentum of the first
            subject = self.prepare()
            subject.step()
            subject.step()

        return peak_bytes(train_twice, self.device)


@dataclass
class Measurement:
    """One variant on the bench, and what has been measured of it; see TimingRecord."""

    bench: Bench
    subject: Subject | None = None
    steps: list[float] = field(default_factory=list)
    inference: list[float] = field(default_factory=list)
    peak: int | None = None
    failure: str | None = None

    @property
    def variant(self) -> Variant:
        return self.bench.job.variant

    def attempt(self, work: Callable[[], None]) -> None:
        """Does `work`, a method of this object; where it fails, nothing measured stays."""
        try:
            work()
        except (Exception, SystemExit) as error:  # what fails for one must not keep the others
            self.steps, self.inference, self.peak, self.subject = [], [], None, None
            self.failure = one_line(error)

    def measure_memory(self) -> None:
        self.peak = self.bench.training_peak()

    def take_turn(self) -> None:
        if self.subject is None:
            self.subject = self.bench.prepare()
        self.steps += self.subject.time_steps()
        self.inference += self.subject.time_inference()

    def record(self, key: TimingKey, session: str, environment: Mapping[str, str]) -> TimingRecord:
        return TimingRecord(
            variant=self.variant,
            settings=key.settings,
            device=key.device,
            data=self.bench.job.data.description,
            batch_size=self.bench.batch_size,
            step_seconds=tuple(self.steps),
            inference_seconds=tuple(self.inference),
            peak_bytes=self.peak,
            session=session,
            environment=environment,
            failure=self.failure,
        )


def measure_timings(
    jobs: Sequence[Job], device: torch.device, store: TimingStore, progress: Progress
) -> list[TimingRecord]:
    """One record for every variant, all found in `store` or all measured now, together.

    To be called while nothing else runs. What makes one measurement fail goes into its record.
    Raises SettingError where a file of the store is no record.
    """
    keys = [TimingKey(j.variant, j.identity(), j.data.fingerprint, device.type) for j in jobs]
    progress.timings_start(len(jobs))
    found = store.load_session(keys)
    records = found or _measure(keys, [Bench(job, device) for job in jobs], progress)
    for key, record in zip(keys, records, strict=True):
        if not found:
            store.save(key, record)
        progress.timing_ends(record, reused=bool(found))
    return records


def _measure(
    keys: Sequence[TimingKey], benches: Sequence[Bench], progress: Progress
) -> list[TimingRecord]:
    session = datetime.now(UTC).isoformat()
    environment = describe_environment(benches[0].device)
    measured = [Measurement(bench) for bench in benches]
    for one in measured:  # no two networks are there at a time
        progress.memory_turn(one.variant)
        one.attempt(one.measure_memory)
    _take_turns(measured, progress)
    return [one.record(key, session, environment) for key, one in zip(keys, measured, strict=True)]


def _take_turns(measured: Sequence[Measurement], progress: Progress) -> None:
    """Rounds in which each variant that has not failed takes one turn."""
    rounds, start = 0, time.perf_counter()
    while running := [one for one in measured if one.failure is None]:
        spent = time.perf_counter() - start
        if rounds >= LEAST_ROUNDS and spent >= SECONDS * len(running):
            return
        rounds += 1
        for one in running:
            progress.speed_turn(one.variant, rounds)
            one.attempt(one.take_turn)
