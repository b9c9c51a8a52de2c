"""Speed and memory of the variants' networks, measured with nothing else running.

A shared machine is faster at one moment than at the next. So the variants are timed in rounds with
a turn for each, and a slow moment slows them all.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from ablations.data.images import Batch, ImageData, on_device
from ablations.data.seeding import seeded
from ablations.errors import one_line, traceback_text
from ablations.study.variants import Variant
from ablations.training.data_sets import DataSets
from ablations.training.network import initial_network
from ablations.training.process import peak_bytes
from ablations.training.step import Stepper
from ablations.training.trial_result import Failure
from ablations.training.trial_spec import TimingSpec

LEAST_ROUNDS = 3
"""Minimum rounds of turns."""
SECONDS = 1.0
"""Least time of a variant's turns on average, beside LEAST_ROUNDS."""
TURN_SECONDS = 0.05
"""Least time of one variant's turn, for training steps and again for inference."""
RATE = 0.0
"""Learning rate: a step takes as long as with another, and random images change no weight."""


@dataclass(frozen=True)
class Subject:
    """A network and a batch to train it on or to classify."""

    stepper: Stepper
    batch: Batch

    def step(self, batches: int = 1) -> None:
        """Train one step on the batch, repeated as `batches` says."""
        self.stepper.step([self.batch] * batches, batches * len(self.batch[1]))

    def infer(self) -> None:
        with torch.inference_mode():
            self.stepper.network(self.batch[0])

    def time_steps(self) -> list[float]:
        """Return the seconds of some training steps; leaves no gradients behind."""
        self.stepper.network.train()
        seconds = self._time(self.step)
        self.stepper.optimizer.zero_grad()
        return seconds

    def time_inference(self) -> list[float]:
        """Return the seconds of some passes in eval mode."""
        self.stepper.network.eval()
        return self._time(self.infer)

    def _time(self, work: Callable[[], None]) -> list[float]:
        """Return the seconds of each call but the first, which warms the caches up."""
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
    """A variant to be measured, and its images."""

    spec: TimingSpec
    data: ImageData

    @property
    def batch_size(self) -> int:
        """Images of a full batch of training, or of the part that one process has of it."""
        settings = self.spec.settings
        return settings.share_of(min(settings.batch_size, self.data.train_size))

    @property
    def device(self) -> torch.device:
        return torch.device(self.spec.device)

    def prepare(self) -> Subject:
        """Return the variant's network in training mode, with noise in place of images."""
        spec, data = self.spec, self.data
        network = initial_network(spec.variant, spec.settings, data.classes, seed=0)
        network.to(self.device).to(memory_format=torch.channels_last).train()
        generator, size = seeded(0), data.image_size
        images = torch.randn(self.batch_size, 3, size, size, generator=generator)
        labels = torch.randint(data.classes, (self.batch_size,), generator=generator)
        images = images.contiguous(memory_format=torch.channels_last)
        batch = on_device((images, labels), self.device)
        return Subject(Stepper(network, spec.settings, self.device, RATE), batch)

    def training_peak(self) -> int:
        """Return the peak memory of a training step, bytes."""
        batches = min(2, self.spec.settings.accumulate)  # all but the first find gradients

        def train_twice() -> None:  # the second step finds gradients and momentum of the first
            subject = self.prepare()
            subject.step(batches)
            subject.step(batches)

        return peak_bytes(train_twice, self.device)


@dataclass(frozen=True)
class TimingResult:
    """Speed and memory of one variant's network; see `records.timing_record.TimingRecord`.

    Attributes:
        batch_size: Images of a batch.
        step_seconds: Duration of each timed training step, seconds.
        inference_seconds: Duration of each timed batch in eval mode, seconds.
        peak_bytes: Peak memory of a training step; None if the measurement failed.
        failure: Why it failed; None if it did not.
    """

    batch_size: int
    step_seconds: tuple[float, ...] = ()
    inference_seconds: tuple[float, ...] = ()
    peak_bytes: int | None = None
    failure: Failure | None = None


@dataclass
class Measurement:
    """A measurement in progress; see `TimingResult`."""

    bench: Bench
    debug: bool = False
    subject: Subject | None = None
    steps: list[float] = field(default_factory=list)
    inference: list[float] = field(default_factory=list)
    peak: int | None = None
    failure: Failure | None = None

    @property
    def variant(self) -> Variant:
        return self.bench.spec.variant

    def attempt(self, work: Callable[[], None]) -> None:
        """Call a method of this object; if it fails, drop what was measured.

        With `debug` the error is raised.
        """
        try:
            work()
        except (Exception, SystemExit) as error:  # one that fails must not end the others
            if self.debug:
                raise
            self.steps, self.inference, self.peak, self.subject = [], [], None, None
            self.failure = Failure(one_line(error), True, traceback_text(error))

    def measure_memory(self) -> None:
        self.peak = self.bench.training_peak()

    def take_turn(self) -> None:
        if self.subject is None:
            self.subject = self.bench.prepare()
        self.steps += self.subject.time_steps()
        self.inference += self.subject.time_inference()

    @property
    def result(self) -> TimingResult:
        """What was measured so far."""
        size = self.bench.batch_size
        return TimingResult(size, tuple(self.steps), tuple(self.inference), self.peak, self.failure)


OnTurn = Callable[[Variant, int], None]
"""Called before a variant's turn; round 0 measures memory, rounds from 1 on speed."""


def measure(
    specs: Sequence[TimingSpec],
    data_sets: DataSets,
    on_turn: OnTurn = lambda variant, number: None,
    debug: bool = False,
) -> list[TimingResult]:
    """Measure speed and memory of each variant's network, with nothing else running.

    Args:
        specs: Variants to measure.
        data_sets: Their images.
        on_turn: Called before each turn.
        debug: Whether an error that makes one fail is raised instead of returned.

    Returns:
        The results in the order of `specs`.
    """
    measured = [Measurement(Bench(spec, data_sets.of(spec)), debug) for spec in specs]
    for one in measured:  # one network at a time
        on_turn(one.variant, 0)
        one.attempt(one.measure_memory)
    _take_turns(measured, on_turn)
    return [one.result for one in measured]


def _take_turns(measured: Sequence[Measurement], on_turn: OnTurn) -> None:
    """Time the variants that have not failed, in rounds with a turn for each."""
    rounds, start = 0, time.perf_counter()
    while running := [one for one in measured if one.failure is None]:
        spent = time.perf_counter() - start
        if rounds >= LEAST_ROUNDS and spent >= SECONDS * len(running):
            return
        rounds += 1
        for one in running:
            on_turn(one.variant, rounds)
            one.attempt(one.take_turn)
