"""How fast the variants' networks are, and what memory they need, each beside no other work.

A shared machine is faster at one moment than at the next. So the variants are timed in rounds that
visit each of them in turn, and what is slow for a while is slow for all.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import torch

from ablations.data.images import Batch, seeded
from ablations.data.placing import on_device
from ablations.errors import one_line
from ablations.records.claims import Claims
from ablations.records.key import RecordKey
from ablations.records.logs import traceback_text, write_log
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS, TimingRecord, load_session
from ablations.study.variants import Variant
from ablations.training.environment import describe_environment
from ablations.training.memory import peak_bytes
from ablations.training.progress import Progress
from ablations.training.setup import Setup
from ablations.training.step import Stepper

LEAST_ROUNDS = 3
SECONDS = 1.0
"""For each variant: rounds go on until their number and, on average, this time are reached."""
TURN_SECONDS = 0.05
"""Steps of one variant's turn are timed until this has passed, and then as many of inference."""
RATE = 0.0
"""Of learning: an optimizer's step costs the same, and on random images no weight runs away."""


@dataclass(frozen=True)
class Subject:
    """A network, ready to be trained on one batch or to classify it."""

    stepper: Stepper
    batch: Batch

    def step(self, batches: int = 1) -> None:
        """A step on the batch, or on it so many times."""
        self.stepper.step([self.batch] * batches, batches * len(self.batch[1]))

    def infer(self) -> None:
        with torch.inference_mode():
            self.stepper.network(self.batch[0])

    def time_steps(self) -> list[float]:
        """Seconds of some training steps. Leaves no gradients behind."""
        self.stepper.network.train()
        seconds = self._time(self.step)
        self.stepper.optimizer.zero_grad()
        return seconds

    def time_inference(self) -> list[float]:
        """Seconds of the batch in eval mode, some times."""
        self.stepper.network.eval()
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
        if self.stepper.device.type == "cuda":
            torch.cuda.synchronize(self.stepper.device)


@dataclass(frozen=True)
class Bench:
    """Where one variant is measured."""

    setup: Setup
    device: torch.device

    @property
    def batch_size(self) -> int:
        """Images of a full batch of training, or of a process' part of it."""
        settings = self.setup.settings
        return settings.share_of(min(settings.batch_size, self.setup.data.train_size))

    def prepare(self) -> Subject:
        """The variant's network in training mode, with noise in place of images."""
        network = self.setup.network(seed=0)
        network.to(self.device).to(memory_format=torch.channels_last).train()
        generator, size = seeded(0), self.setup.data.image_size
        images = torch.randn(self.batch_size, 3, size, size, generator=generator)
        labels = torch.randint(self.setup.data.classes, (self.batch_size,), generator=generator)
        images = images.contiguous(memory_format=torch.channels_last)
        batch = on_device((images, labels), self.device)
        return Subject(Stepper(network, self.setup.settings, self.device, RATE), batch)

    def training_peak(self) -> int:
        """See TimingRecord.peak_bytes."""
        batches = min(2, self.setup.settings.accumulate)  # all but the first find gradients

        def train_twice() -> None:  # the second step finds gradients and momentum of the first
            subject = self.prepare()
            subject.step(batches)
            subject.step(batches)

        return peak_bytes(train_twice, self.device)


@dataclass
class Measurement:
    """One variant on the bench, and what has been measured of it; see TimingRecord."""

    bench: Bench
    debug: bool = False
    subject: Subject | None = None
    steps: list[float] = field(default_factory=list)
    inference: list[float] = field(default_factory=list)
    peak: int | None = None
    failure: str | None = None
    traceback: str = ""

    @property
    def variant(self) -> Variant:
        return self.bench.setup.variant

    def attempt(self, work: Callable[[], None]) -> None:
        """Does `work`, a method of this object; where it fails, nothing measured stays, or in
        debugging the error goes on."""
        try:
            work()
        except (Exception, SystemExit) as error:  # what fails for one must not keep the others
            if self.debug:
                raise
            self.steps, self.inference, self.peak, self.subject = [], [], None, None
            self.failure, self.traceback = one_line(error), traceback_text(error)

    def measure_memory(self) -> None:
        self.peak = self.bench.training_peak()

    def take_turn(self) -> None:
        if self.subject is None:
            self.subject = self.bench.prepare()
        self.steps += self.subject.time_steps()
        self.inference += self.subject.time_inference()

    def record(
        self, key: RecordKey, session: str, environment: Mapping[str, str], log: str | None
    ) -> TimingRecord:
        return TimingRecord(
            variant=self.variant,
            settings=key.settings,
            device=key.device,
            data=self.bench.setup.data.description,
            batch_size=self.bench.batch_size,
            step_seconds=tuple(self.steps),
            inference_seconds=tuple(self.inference),
            peak_bytes=self.peak,
            session=session,
            environment=environment,
            failure=self.failure,
            log=log,
        )


def measure_timings(
    setups: Sequence[Setup],
    device: torch.device,
    store: Store[TimingRecord],
    progress: Progress,
    debug: bool = False,
) -> list[TimingRecord]:
    """One record for every variant, all found in `store` or all measured now, together.

    To be called while nothing else runs; where another run in the same folder measures, its end is
    waited for. What makes one measurement fail goes into its record and its log; with `debug` it is
    raised.
    """
    keys = [setup.key(device) for setup in setups]
    progress.timings_start(len(setups))
    claims = Claims(store.output, progress.notice)
    with claims, claims.hold("timings", "measures speed and memory"):
        records = load_session(store, keys)
        reused = records is not None
        if records is None:
            measured = [Measurement(Bench(setup, device), debug) for setup in setups]
            records = _measure(keys, measured, store, progress)
    for record in records:
        progress.timing_ends(record, reused)
    return records


def _measure(
    keys: Sequence[RecordKey],
    measured: Sequence[Measurement],
    store: Store[TimingRecord],
    progress: Progress,
) -> list[TimingRecord]:
    session = datetime.now(UTC).isoformat()
    environment = describe_environment(measured[0].bench.device)
    for one in measured:  # no two networks are there at a time
        progress.memory_turn(one.variant)
        one.attempt(one.measure_memory)
    _take_turns(measured, progress)
    records = []
    for key, one in zip(keys, measured, strict=True):
        log = None
        if one.failure is not None:
            log = write_log(store.output, f"timing-{key.stem(TIMINGS.format)}", one.traceback)
        records.append(one.record(key, session, environment, log))
        store.save(key, records[-1])
    return records


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
