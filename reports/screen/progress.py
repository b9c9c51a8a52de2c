"""The progress of a run on the screen: bars on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from ablations.records.timing_record import TimingRecord
from ablations.records.trial_record import TrialRecord
from ablations.run.events import (
    Event,
    ImagesScanned,
    MeasuringMemory,
    MeasuringSpeed,
    NetworksCounted,
    Notice,
    PassStarted,
    StepDone,
    TimingRecorded,
    TimingsStarted,
    TrialLost,
    TrialRecorded,
    TrialStarted,
)
from ablations.study.variants import Variant
from ablations.texts import inert
from ablations.training.trial_spec import TrialSpec
from reports.names.captions import variant_name
from reports.screen.progress_state import RunProgress

QUIET_SECONDS = 10
"""Maximum silence within a trial, for plain lines."""


def trial_name(variant: Variant, seed: int) -> str:
    """Return the name of a trial for readers."""
    return f"{variant_name(variant)}, seed {seed}"


def outcome(record: TrialRecord, reused: bool) -> str:
    """Return one line on how a trial ended."""
    if record.failure is not None:
        result = f"failed: {record.failure}{_log_words(record.log)}"
    else:
        result = f"Top-1 {record.top1:.1f} %"
    spent = "recorded before" if reused else f"{record.seconds:.0f} s"
    return f"{trial_name(record.variant, record.seed)}: {result} ({spent})"


def lost_words(trial: TrialSpec, reason: str) -> str:
    """Return one line on a dead worker."""
    return f"{trial_name(trial.variant, trial.seed)}: {reason}; it will be retried"


def _log_words(log: str | None) -> str:
    return "" if log is None else f", see {log} in the output folder"


def timing_outcome(record: TimingRecord, reused: bool) -> str:
    """Return one line on the timing of a variant."""
    if record.failure is not None or record.peak_bytes is None:
        result = f"not measured: {record.failure}{_log_words(record.log)}"
    else:
        result = (
            f"{record.training_images_per_second:.0f} images/s training, "
            f"{record.inference_images_per_second:.0f} inference, "
            f"{record.peak_bytes / 2**20:.0f} MiB"
        )
    return f"{variant_name(record.variant)}: {result}{' (recorded before)' if reused else ''}"


class PlainProgress(RunProgress):
    """A line for each finished trial, and one every QUIET_SECONDS within long ones."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console
        self.printed = time.monotonic()

    def on(self, event: Event) -> None:
        super().on(event)
        match event:
            case Notice(line):
                self._print(line)
            case TrialLost(trial, reason):
                self._print_counted(lost_words(trial, reason))
            case TrialRecorded(_, record, reused):
                self._print_counted(outcome(record, reused))
            case TimingRecorded(timing, reused):
                done = f"[timing {self.timed}/{self.timings}]"
                self._print(f"{done} {timing_outcome(timing, reused)}")
            case _ if time.monotonic() - self.printed >= QUIET_SECONDS:
                self._break_silence(event)

    def _break_silence(self, event: Event) -> None:
        match event:
            case ImagesScanned(done, total):
                self._print(f"[images] {done}/{total} scanned")
            case NetworksCounted(done, total):
                self._print(f"[costs] {done}/{total} networks counted")
            case StepDone(trial, step, loss):
                steps = self.running[trial].steps
                told = [f"step {step}/{steps}", f"loss {loss:.3f}", self.time_left_words()]
                name = trial_name(trial.variant, trial.seed)
                self._print_counted(f"{name}: {', '.join(filter(None, told))}")
            case MeasuringMemory(variant):
                self._print(f"[timing] {variant_name(variant)}: memory")
            case MeasuringSpeed(variant, number):
                self._print(f"[timing] {variant_name(variant)}: round {number}")

    def _print_counted(self, text: str) -> None:
        before = "tuning " * self.tuning
        self._print(f"[{before}{self.ended}/{self.trials}] {text}")

    def _print(self, line: str) -> None:
        self.console.print(inert(line), markup=False, highlight=False, soft_wrap=True)
        self.printed = time.monotonic()


class LiveProgress(RunProgress):
    """A bar for all trials and one per running trial, below the lines of finished ones."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self.overall = self.bars.add_task("trials", total=None, note="")
        self.lines: dict[TrialSpec, TaskID] = {}

    def on(self, event: Event) -> None:
        super().on(event)
        match event:
            case Notice(line):
                self._print(line)
            case ImagesScanned(done, total):
                self.bars.update(self.overall, description="images", completed=done, total=total)
            case NetworksCounted(done, total):
                self.bars.update(self.overall, description="costs", completed=done, total=total)
            case PassStarted():
                self.bars.reset(self.overall, description=self.noun, total=self.trials, note="")
            case TrialStarted() | StepDone() | TrialLost() | TrialRecorded():
                self._on_trial(event)
            case TimingsStarted() | MeasuringMemory() | MeasuringSpeed() | TimingRecorded():
                self._on_timing(event)

    def _on_trial(self, event: TrialStarted | StepDone | TrialLost | TrialRecorded) -> None:
        match event:
            case TrialStarted(trial, steps):
                name = trial_name(trial.variant, trial.seed)
                self.lines[trial] = self.bars.add_task(name, total=steps, note="")
            case StepDone(trial, step, loss):
                self.bars.update(self.lines[trial], completed=step, note=f"loss {loss:.3f}")
                self.bars.update(self.overall, note=self.time_left_words())
            case TrialLost(trial, reason):
                self._remove_line(trial)
                self._print(lost_words(trial, reason))
            case TrialRecorded(trial, record, reused):
                self._remove_line(trial)
                self._print(outcome(record, reused))
                self.bars.update(self.overall, completed=self.ended)

    def _on_timing(
        self, event: TimingsStarted | MeasuringMemory | MeasuringSpeed | TimingRecorded
    ) -> None:
        match event:
            case TimingsStarted(variants):
                self.bars.reset(self.overall, description="timings", total=variants, note="")
                self.current = self.bars.add_task("starting", total=None, note="")
            case MeasuringMemory(variant):
                name = variant_name(variant)
                self.bars.update(self.current, description=name, note="memory")
            case MeasuringSpeed(variant, number):
                name = variant_name(variant)
                self.bars.update(self.current, description=name, note=f"round {number}")
            case TimingRecorded(record, reused):
                self._print(timing_outcome(record, reused))
                self.bars.update(self.overall, completed=self.timed)

    def _remove_line(self, trial: TrialSpec) -> None:
        if trial in self.lines:
            self.bars.remove_task(self.lines.pop(trial))

    def _print(self, text: str) -> None:
        self.bars.console.print(inert(text), markup=False, highlight=False)


@contextmanager
def watch(console: Console) -> Iterator[RunProgress]:
    """Show progress on the console, with bars on a terminal, for as long as the context lasts."""
    if not console.is_terminal:
        yield PlainProgress(console)
        return
    live = LiveProgress(console)
    with live.bars:
        yield live
