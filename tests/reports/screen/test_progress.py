import io
import re

import pytest
from rich.console import Console
from terminal import without_controls

from ablations.records.timing_record import TimingRecord
from ablations.records.trial_record import TrialRecord
from ablations.run.events import (
    ImagesScanned,
    MeasuringMemory,
    MeasuringSpeed,
    NetworksCounted,
    PassStarted,
    StepDone,
    TimingRecorded,
    TimingsStarted,
    TrialLost,
    TrialRecorded,
    TrialStarted,
)
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.trial_result import TrainedCosts
from ablations.training.trial_spec import TrialSpec
from reports.screen import progress, progress_state
from reports.screen.progress import watch
from reports.screen.progress_state import RunProgress

VARIANT = Variant(5, "C", "W")


def record(peak=3 * 2**20, failure=None):
    seconds = () if failure else (0.25, 0.5, 0.5)
    return TimingRecord(
        VARIANT, {}, "cpu", "d", 8, seconds, seconds, peak, "2026-01-01", {}, "", failure
    )


def shown(terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    with watch(console) as watched:
        watched.on(TimingsStarted(3))
        watched.on(MeasuringMemory(VARIANT))
        watched.on(MeasuringSpeed(VARIANT, 2))
        watched.on(TimingRecorded(record(), reused=False))
        watched.on(TimingRecorded(record(), reused=True))
        watched.on(TimingRecorded(record(None, "no memory"), reused=False))
    return console.file.getvalue()


def test_plain_lines_tell_what_was_measured():
    name = "K=5, all channels in a group, W"
    assert shown(terminal=False).splitlines() == [
        f"[timing 1/3] {name}: 16 images/s training, 16 inference, 3 MiB",
        f"[timing 2/3] {name}: 16 images/s training, 16 inference, 3 MiB (recorded before)",
        f"[timing 3/3] {name}: not measured: no memory",
    ]


def test_a_long_measurement_is_not_silent(monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0)
    assert shown(terminal=False).splitlines()[:2] == [
        "[timing] K=5, all channels in a group, W: memory",
        "[timing] K=5, all channels in a group, W: round 2",
    ]


@pytest.mark.parametrize(
    ("event", "done", "of", "line", "bar"),
    [
        (NetworksCounted, 2, 15, "[costs] 2/15 networks counted\n", r"costs .*2/15"),
        (ImagesScanned, 256, 700, "[images] 256/700 scanned\n", r"images .*256/700"),
    ],
)
def test_what_is_done_before_trials_is_counted(monkeypatch, event, done, of, line, bar):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0)
    plain, live = (Console(file=io.StringIO(), force_terminal=t, width=120) for t in (False, True))
    for console in (plain, live):
        with watch(console) as watched:
            watched.on(event(done, of))
    assert plain.file.getvalue() == line
    assert re.search(bar, live.file.getvalue())


@pytest.mark.parametrize("text", ["timings", "3/3", "round 2", "16 images/s training"])
def test_a_terminal_shows_bars_and_results(text):
    assert text in shown(terminal=True).replace("\x1b[32m", "").replace("\x1b[0m", "")


SMALL, LARGE, LARGER = (
    TrialSpec(Variant(size), TrainSettings(), 0, "cpu", "images") for size in (3, 5, 7)
)
WORKS = {SMALL: 1.0, LARGE: 3.0, LARGER: 4.0}


def ended(trial, top1=50.0, failure=None):
    costs = TrainedCosts(1, {"conv": 1})
    return TrialRecord(trial.variant, 0, {}, "cpu", "d", (), top1, costs, 5.0, {}, "", failure)


@pytest.fixture
def passing(monkeypatch):
    """The time, which passes as the test says."""
    now = [100.0]
    monkeypatch.setattr(progress_state.time, "monotonic", lambda: now[0])
    return now


def test_time_left_goes_by_the_work_of_trials_and_not_by_their_number(passing):
    clock = RunProgress()
    clock.on(PassStarted(WORKS))
    assert clock.time_left() is None
    clock.on(TrialStarted(SMALL, 10))
    clock.on(TrialStarted(LARGE, 20))
    assert clock.time_left() is None
    clock.on(StepDone(SMALL, 1, 1.0))
    clock.on(StepDone(LARGE, 1, 1.0))
    passing[0] += 9
    assert clock.time_left() is None
    passing[0] += 1
    clock.on(StepDone(LARGE, 10, 1.0))  # 0.1 and 1.5 of 8
    assert clock.time_left() == pytest.approx(10 / 1.6 * 6.4)
    clock.on(TrialRecorded(SMALL, ended(SMALL), reused=False))
    assert clock.time_left() == pytest.approx(10 / 2.5 * 5.5)
    clock.on(TrialLost(LARGE, "it died"))
    assert clock.time_left() == pytest.approx(10 / 1 * 7)


def test_what_was_recorded_before_takes_no_time(passing):
    clock = RunProgress()
    clock.on(PassStarted(WORKS))
    clock.on(TrialRecorded(LARGER, ended(LARGER), reused=True))
    clock.on(TrialStarted(SMALL, 10))
    clock.on(StepDone(SMALL, 1, 1.0))
    passing[0] += 10
    clock.on(TrialRecorded(SMALL, ended(SMALL), reused=False))
    assert clock.time_left() == pytest.approx(30)


def test_what_a_checkpoint_holds_took_no_time_here(passing):
    clock = RunProgress()
    clock.on(PassStarted(WORKS))
    clock.on(TrialStarted(LARGER, 100))
    passing[0] += 10
    clock.on(StepDone(LARGER, 91, 1.0))  # 0.04 of 8 in 10 s; 4.36 are left
    assert clock.time_left() == pytest.approx(10 / 0.04 * 4.36)
    clock.on(StepDone(LARGER, 95, 1.0))
    clock.on(TrialRecorded(LARGER, ended(LARGER), reused=False))  # 0.4 in 10 s
    assert clock.time_left() == pytest.approx(10 / 0.4 * 4)
    clock.on(TrialStarted(SMALL, 10))
    clock.on(
        TrialRecorded(SMALL, ended(SMALL), reused=False)
    )  # its checkpoint was behind the last step
    assert clock.time_left() == pytest.approx(10 / 0.4 * 3)


def test_a_trial_that_fails_early_took_little_time(passing):
    clock = RunProgress()
    clock.on(PassStarted(WORKS))
    clock.on(TrialStarted(LARGER, 100))
    clock.on(StepDone(LARGER, 1, 1.0))
    clock.on(StepDone(LARGER, 5, 1.0))
    passing[0] += 10
    clock.on(TrialRecorded(LARGER, ended(LARGER, None, "why"), reused=False))
    assert clock.time_left() == pytest.approx(10 / 0.2 * 4)


def of_trials(terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    with watch(console) as watched:
        watched.on(PassStarted(WORKS))
        watched.on(TrialStarted(SMALL, 10))
        watched.on(TrialStarted(LARGE, 20))
        watched.on(StepDone(SMALL, 4, 1.25))
        watched.on(StepDone(LARGE, 5, 2.5))
        if terminal:
            watched.bars.refresh()
        watched.on(TrialLost(LARGE, "it died"))
        watched.on(TrialRecorded(SMALL, ended(SMALL), reused=False))
        watched.on(TrialStarted(LARGE, 20))
        watched.on(TrialRecorded(LARGE, ended(LARGE, None, "why"), reused=False))
    return console.file.getvalue()


def test_plain_lines_tell_which_trial_they_are_of(monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0)
    name = "K={}, 16 group channels, r=4, seed 0"
    lines = of_trials(terminal=False).splitlines()
    assert lines[0] == f"[0/3] {name.format(3)}: step 4/10, loss 1.250"
    assert lines[1] == f"[0/3] {name.format(5)}: step 5/20, loss 2.500"
    assert lines[2:] == [
        f"[0/3] {name.format(5)}: it died; it will be retried",
        f"[1/3] {name.format(3)}: Top-1 50.0 % (5 s)",
        f"[2/3] {name.format(5)}: failed: why (5 s)",
    ]


def in_passes(terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    with watch(console) as watched:
        watched.on(PassStarted({SMALL: 1.0}, tuning=True))
        watched.on(TrialStarted(SMALL, 10))
        watched.on(TrialRecorded(SMALL, ended(SMALL), reused=False))
        if terminal:
            watched.bars.refresh()
        watched.on(PassStarted(WORKS))
        watched.on(TrialRecorded(LARGE, ended(LARGE), reused=True))
        if terminal:
            watched.bars.refresh()
    return console.file.getvalue(), watched


def test_each_pass_is_counted_by_itself():
    lines, watched = in_passes(terminal=False)
    assert [line.split(" K=")[0] for line in lines.splitlines()] == ["[tuning 1/1]", "[1/3]"]
    assert (watched.ended, watched.trials, watched.time_left()) == (1, 3, None)
    screen, _ = in_passes(terminal=True)
    assert re.search(r"tuning trials .*1/1", screen) and re.search(r"\ntrials .*1/3", screen)


def test_a_terminal_shows_a_line_for_each_running_trial():
    screen = without_controls(of_trials(terminal=True))
    together = r"trials .*0/3.*\n.*K=3, .*4/10 loss 1\.250.*\n.*K=5, .*5/20 loss 2\.500"
    assert re.search(together, screen)


def test_a_terminal_shows_the_time_that_is_left(passing):
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with watch(console) as watched:
        watched.on(PassStarted(WORKS))
        watched.on(TrialStarted(LARGER, 100))
        watched.on(StepDone(LARGER, 1, 1.0))
        passing[0] += 10
        watched.on(StepDone(LARGER, 50, 1.0))  # 2 of 8 in 10 s
        watched.bars.refresh()
    screen = without_controls(console.file.getvalue())
    assert re.search(r"trials .*0/3 +0:30 left", screen)
