"""Progress of a run on the screen: live on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from ablations.records.timing_record import TimingRecord
from ablations.records.trial_record import TrialRecord
from ablations.study.variants import Variant
from ablations.texts import inert
from ablations.training.progress import TUNING, Progress
from ablations.training.trial import Trial
from reports.names.captions import variant_name

QUIET_SECONDS = 10
"""Longest silence within a trial where lines are plain."""

WARM_UP = 10
"""Seconds of a run in which its pace tells nothing."""


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


def lost_words(trial: Trial, reason: str) -> str:
    """That a trial's process has died, in one line."""
    return f"{trial_name(trial.variant, trial.seed)}: {reason}; it will be tried again"


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


@dataclass(frozen=True)
class Stand:
    """Where a running trial is.

    Attributes:
        steps: Of the trial.
        step: Those that are done.
        earlier: Those of them that were done before it began here, as its checkpoint says.
    """

    steps: int
    step: int = 0
    earlier: int = 0

    @property
    def share(self) -> float:
        """Of the trial, that is done."""
        return self.step / self.steps

    @property
    def share_here(self) -> float:
        """Of the trial, that is done since it began here."""
        return (self.step - self.earlier) / self.steps

    def at(self, step: int) -> "Stand":
        """After so many steps. The first one that is told is the first that is done here."""
        return Stand(self.steps, step, self.earlier if self.step else step - 1)


class Clock(Progress):
    """Keeps count of trials and of their work, and from them the time that is left."""

    def __init__(self) -> None:
        self.works: Mapping[Trial, float] = {}
        self.ended = 0
        self.paused = 0
        self.running: dict[Trial, Stand] = {}
        self.done = self.left = 0.0
        self.started: float | None = None
        self.tuning = False
        self.timings = 0
        self.timed = 0

    @property
    def trials(self) -> int:
        return len(self.works)

    @property
    def noun(self) -> str:
        """What the trials of this pass are called."""
        return "tuning trials" if self.tuning else "trials"

    def pass_starts(self, name: str) -> None:
        self.tuning = name == TUNING
        self.ended, self.done, self.started = 0, 0.0, None

    def run_starts(self, works: Mapping[Trial, float]) -> None:
        self.works, self.left = works, sum(works.values())

    def timings_start(self, variants: int) -> None:
        self.timings, self.timed = variants, 0

    def timing_ends(self, record: TimingRecord, reused: bool) -> None:
        self.timed += 1

    def trial_starts(self, trial: Trial, steps: int) -> None:
        self.running[trial] = Stand(steps)
        if self.started is None:
            self.started = time.monotonic()

    def step_done(self, trial: Trial, step: int, loss: float) -> None:
        self.running[trial] = self.running[trial].at(step)

    def trial_lost(self, trial: Trial, reason: str) -> None:
        self.running.pop(trial, None)

    def trial_paused(self, trial: Trial) -> None:
        self.running.pop(trial, None)
        self.paused += 1

    def trial_ends(self, trial: Trial, record: TrialRecord, reused: bool) -> None:
        stand = self.running.pop(trial, None)
        self.ended += 1
        self.left -= self.works[trial]
        if stand is not None and stand.step:  # else it did nothing here
            last = stand if record.failure else stand.at(stand.steps)
            self.done += self.works[trial] * last.share_here

    def time_left(self) -> float | None:
        """Seconds for the rest of the run, if work goes on as it has so far; None before any, and
        in the first seconds, in which everything is slow."""
        if self.started is None or time.monotonic() - self.started < WARM_UP:
            return None
        work = [(self.works[trial], stand) for trial, stand in self.running.items()]
        done = self.done + sum(whole * stand.share_here for whole, stand in work)
        if done == 0:
            return None
        left = self.left - sum(whole * stand.share for whole, stand in work)
        return (time.monotonic() - self.started) / done * left

    def left_words(self) -> str:
        """As `time_left`, in words."""
        left = self.time_left()
        return "" if left is None else f"{_minutes(left)} left"


class PlainProgress(Clock):
    """A line for each trial that ends, and one now and then within long ones."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console
        self.printed = time.monotonic()

    def _print(self, text: str) -> None:
        before = "tuning " * self.tuning
        self._print_line(f"[{before}{self.ended}/{self.trials}] {text}")

    def notice(self, line: str) -> None:
        self._print_line(line)

    def _print_line(self, line: str) -> None:
        self.console.print(inert(line), markup=False, highlight=False, soft_wrap=True)
        self.printed = time.monotonic()

    def _print_now_and_then(self, line: str) -> None:
        if time.monotonic() - self.printed >= QUIET_SECONDS:
            self._print_line(line)

    def images_seen(self, done: int, of: int) -> None:
        self._print_now_and_then(f"[images] {done}/{of} looked at")

    def costs_counted(self, done: int, of: int) -> None:
        self._print_now_and_then(f"[costs] {done}/{of} networks counted")

    def step_done(self, trial: Trial, step: int, loss: float) -> None:
        super().step_done(trial, step, loss)
        if time.monotonic() - self.printed >= QUIET_SECONDS:
            stand = self.running[trial]
            name, left = trial_name(trial.variant, trial.seed), self.left_words()
            told = [f"step {step}/{stand.steps}", f"loss {loss:.3f}", *filter(None, [left])]
            self._print(f"{name}: {', '.join(told)}")

    def trial_lost(self, trial: Trial, reason: str) -> None:
        super().trial_lost(trial, reason)
        self._print(lost_words(trial, reason))

    def trial_ends(self, trial: Trial, record: TrialRecord, reused: bool) -> None:
        super().trial_ends(trial, record, reused)
        self._print(outcome(record, reused))

    def memory_turn(self, variant: Variant) -> None:
        self._print_now_and_then(f"[timing] {variant_name(variant)}: memory")

    def speed_turn(self, variant: Variant, number: int) -> None:
        self._print_now_and_then(f"[timing] {variant_name(variant)}: round {number}")

    def timing_ends(self, record: TimingRecord, reused: bool) -> None:
        super().timing_ends(record, reused)
        self._print_line(f"[timing {self.timed}/{self.timings}] {timing_outcome(record, reused)}")


class LiveProgress(Clock):
    """A bar for all trials and one for each that runs, below the lines of what has ended."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self.overall = self.bars.add_task("trials", total=None, note="")
        self.lines: dict[Trial, TaskID] = {}

    def _print(self, text: str) -> None:
        self.bars.console.print(inert(text), markup=False, highlight=False)

    def notice(self, line: str) -> None:
        self._print(line)

    def _remove_line(self, trial: Trial) -> None:
        if trial in self.lines:
            self.bars.remove_task(self.lines.pop(trial))

    def images_seen(self, done: int, of: int) -> None:
        self.bars.update(self.overall, description="images", completed=done, total=of)

    def costs_counted(self, done: int, of: int) -> None:
        self.bars.update(self.overall, description="costs", completed=done, total=of)

    def run_starts(self, works: Mapping[Trial, float]) -> None:
        super().run_starts(works)
        name = self.noun
        self.bars.reset(self.overall, description=name, total=self.trials, note="")

    def trial_starts(self, trial: Trial, steps: int) -> None:
        super().trial_starts(trial, steps)
        name = trial_name(trial.variant, trial.seed)
        self.lines[trial] = self.bars.add_task(name, total=steps, note="")

    def step_done(self, trial: Trial, step: int, loss: float) -> None:
        super().step_done(trial, step, loss)
        self.bars.update(self.lines[trial], completed=step, note=f"loss {loss:.3f}")
        self.bars.update(self.overall, note=self.left_words())

    def trial_lost(self, trial: Trial, reason: str) -> None:
        super().trial_lost(trial, reason)
        self._remove_line(trial)
        self._print(lost_words(trial, reason))

    def trial_ends(self, trial: Trial, record: TrialRecord, reused: bool) -> None:
        super().trial_ends(trial, record, reused)
        self._remove_line(trial)
        self._print(outcome(record, reused))
        self.bars.update(self.overall, completed=self.ended)

    def timings_start(self, variants: int) -> None:
        super().timings_start(variants)
        self.bars.reset(self.overall, description="timings", total=variants, note="")
        self.current = self.bars.add_task("starting", total=None, note="")

    def memory_turn(self, variant: Variant) -> None:
        self.bars.update(self.current, description=variant_name(variant), note="memory")

    def speed_turn(self, variant: Variant, number: int) -> None:
        self.bars.update(self.current, description=variant_name(variant), note=f"round {number}")

    def timing_ends(self, record: TimingRecord, reused: bool) -> None:
        super().timing_ends(record, reused)
        self._print(timing_outcome(record, reused))
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
