"""How fast the variants' networks are, and what memory they need, each beside no other work.

A shared machine is faster at one moment than at the next. So the variants are timed in rounds that
visit each of them in turn, and what is slow for a while is slow for all.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from ablations.data.images import Batch, seeded
from ablations.data.placing import on_device
from ablations.errors import one_line
from ablations.records.logs import traceback_text
from ablations.study.variants import Variant
from ablations.training.memory import peak_bytes
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


OnTurn = Callable[[Variant, int], None]
"""Called before a variant's turn; round 0 measures memory, rounds from 1 on speed."""


def measure(measured: Sequence[Measurement], on_turn: OnTurn) -> None:
    """Measure all variants: first their memory, one network at a time, then their speed in rounds.

    In a round each variant that has not failed takes one turn.
    """
    for one in measured:
        on_turn(one.variant, 0)
        one.attempt(one.measure_memory)
    rounds, start = 0, time.perf_counter()
    while running := [one for one in measured if one.failure is None]:
        spent = time.perf_counter() - start
        if rounds >= LEAST_ROUNDS and spent >= SECONDS * len(running):
            return
        rounds += 1
        for one in running:
            on_turn(one.variant, rounds)
            one.attempt(one.take_turn)
