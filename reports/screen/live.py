"""Progress of a run on the screen: live on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from ablations.records.timing_record import TimingRecord
from ablations.records.trial_record import TrialRecord
from ablations.study.variants import Variant
from ablations.training.progress import Progress
from reports.names.captions import variant_name

QUIET_SECONDS = 10
"""Longest silence within a trial where lines are plain."""


def trial_name(variant: Variant, seed: int) -> str:
    """A trial as people read it."""
    return f"{variant_name(variant)}, seed {seed}"


def outcome(record: TrialRecord, reused: bool) -> str:
    """How a trial ended, in one line."""
    if record.failure is not None:
        result = f"failed: {record.failure}{_log_words(record.log)}"
    else:
        result = f"Top-1 {record.top1:.1f} %"
    spent = "recorded before" if reused else f"{record.seconds:.0f} s"
    return f"{trial_name(record.variant, record.seed)}: {result} ({spent})"


def _log_words(log: str | None) -> str:
    return "" if log is None else f", see {log} in the output folder"


def timing_outcome(record: TimingRecord, reused: bool) -> str:
    """What a variant's measurement found, in one line."""
    if record.failure is not None or record.peak_bytes is None:
        result = f"not measured: {record.failure}{_log_words(record.log)}"
    else:
        result = (
            f"{record.training_images_per_second:.0f} images/s training, "
            f"{record.inference_images_per_second:.0f} inference, "
            f"{record.peak_bytes / 2**20:.0f} MiB"
        )
    return f"{variant_name(record.variant)}: {result}{' (recorded before)' if reused else ''}"


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Clock(Progress):
    """Keeps count of trials and steps, and from them the time that is left."""

    def __init__(self) -> None:
        self.trials = 0
        self.ended = 0
        self.steps = 0
        self.spent = 0.0
        self.trained = 0
        self.started = time.monotonic()
        self.timings = 0
        self.timed = 0

    def run_starts(self, trials: int) -> None:
        self.trials = trials

    def timings_start(self, variants: int) -> None:
        self.timings, self.timed = variants, 0

    def timing_ends(self, record: TimingRecord, reused: bool) -> None:
        self.timed += 1

    def trial_starts(self, variant: Variant, seed: int, steps: int) -> None:
        self.steps = steps
        self.started = time.monotonic()

    def trial_ends(self, record: TrialRecord, reused: bool) -> None:
        self.ended += 1
        if not reused:
            self.trained += 1
            self.spent += record.seconds

    def time_left(self, step: int) -> float:
        """Seconds for the rest of the run, taking every trial to last as long as those so far."""
        share = step / self.steps
        here = time.monotonic() - self.started
        mean = (self.spent + here) / (self.trained + share)
        return mean * (self.trials - self.ended - share)


class PlainProgress(Clock):
    """A line for each trial that ends, and one now and then within a long one."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console
        self.printed = time.monotonic()

    def _print(self, text: str) -> None:
        self._print_line(f"[{self.ended}/{self.trials}] {text}")

    def _print_line(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)
        self.printed = time.monotonic()

    def _print_turn(self, text: str) -> None:
        if time.monotonic() - self.printed >= QUIET_SECONDS:
            self._print_line(f"[timing] {text}")

    def trial_starts(self, variant: Variant, seed: int, steps: int) -> None:
        super().trial_starts(variant, seed, steps)
        self.name = trial_name(variant, seed)

    def step_done(self, step: int, loss: float) -> None:
        if time.monotonic() - self.printed >= QUIET_SECONDS:
            left = _minutes(self.time_left(step))
            self._print(f"{self.name}: step {step}/{self.steps}, loss {loss:.3f}, {left} left")

    def trial_ends(self, record: TrialRecord, reused: bool) -> None:
        super().trial_ends(record, reused)
        self._print(outcome(record, reused))

    def memory_turn(self, variant: Variant) -> None:
        self._print_turn(f"{variant_name(variant)}: memory")

    def speed_turn(self, variant: Variant, number: int) -> None:
        self._print_turn(f"{variant_name(variant)}: round {number}")

    def timing_ends(self, record: TimingRecord, reused: bool) -> None:
        super().timing_ends(record, reused)
        self._print_line(f"[timing {self.timed}/{self.timings}] {timing_outcome(record, reused)}")


class LiveProgress(Clock):
    """Two bars, trials and the current trial's steps, below the lines of what has ended."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self.overall = self.bars.add_task("trials", total=None, note="")
        self.current = self.bars.add_task("starting", total=None, note="", visible=False)

    def run_starts(self, trials: int) -> None:
        super().run_starts(trials)
        self.bars.update(self.overall, total=trials)

    def trial_starts(self, variant: Variant, seed: int, steps: int) -> None:
        super().trial_starts(variant, seed, steps)
        self.bars.reset(
            self.current, description=trial_name(variant, seed), total=steps, visible=True
        )

    def step_done(self, step: int, loss: float) -> None:
        self.bars.update(self.current, completed=step, note=f"loss {loss:.3f}")
        self.bars.update(self.overall, note=f"{_minutes(self.time_left(step))} left")

    def trial_ends(self, record: TrialRecord, reused: bool) -> None:
        super().trial_ends(record, reused)
        self.bars.console.print(outcome(record, reused), markup=False, highlight=False)
        self.bars.update(self.overall, completed=self.ended)

    def timings_start(self, variants: int) -> None:
        super().timings_start(variants)
        self.bars.reset(self.overall, description="timings", total=variants, note="")
        self.bars.reset(self.current, description="starting", total=None, visible=True, note="")

    def memory_turn(self, variant: Variant) -> None:
        self.bars.update(self.current, description=variant_name(variant), note="memory")

    def speed_turn(self, variant: Variant, number: int) -> None:
        self.bars.update(self.current, description=variant_name(variant), note=f"round {number}")

    def timing_ends(self, record: TimingRecord, reused: bool) -> None:
        super().timing_ends(record, reused)
        self.bars.console.print(timing_outcome(record, reused), markup=False, highlight=False)
        self.bars.update(self.overall, completed=self.timed)


@contextmanager
def watch(console: Console) -> Iterator[Clock]:
    """The progress that suits the console, for as long as the context lasts."""
    if not console.is_terminal:
        yield PlainProgress(console)
        return
    live = LiveProgress(console)
    with live.bars:
        yield live
