import io

import pytest
from rich.console import Console

from ablations.records.timing_record import TimingRecord
from ablations.study.variants import Variant
from reports.screen import live as progress
from reports.screen.live import watch

VARIANT = Variant(5, "C", "W")


def record(peak=3 * 2**20, failure=None):
    seconds = () if failure else (0.25, 0.5, 0.5)
    return TimingRecord(
        VARIANT, {}, "cpu", "d", 8, seconds, seconds, peak, "2026-01-01", {}, failure
    )


def shown(terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    with watch(console) as watched:
        watched.timings_start(3)
        watched.memory_turn(VARIANT)
        watched.speed_turn(VARIANT, 2)
        watched.timing_ends(record(), reused=False)
        watched.timing_ends(record(), reused=True)
        watched.timing_ends(record(None, "no memory"), reused=False)
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


@pytest.mark.parametrize("text", ["timings", "3/3", "round 2", "16 images/s training"])
def test_a_terminal_shows_bars_and_results(text):
    assert text in shown(terminal=True).replace("\x1b[32m", "").replace("\x1b[0m", "")
