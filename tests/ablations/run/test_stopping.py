"""Stopping a run: signals to this process, trials of tiny networks."""

import os
import signal

import pytest
from trials import IMAGES, NETWORK, Events, run_families

from ablations.errors import SettingError
from ablations.run.events import StepDone
from ablations.run.stopping import SIGNALS, Stop
from ablations.run.trials import failures_allowed
from ablations.study.run_settings import RunSettings

TINY = {"dataset": "mine_net:images", "workers": 0, "steps": 20, "batch_size": 4}


def kill(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_noted_where_trials_run_and_the_second_ends_the_run(number):
    stop, before = Stop(), {each: signal.getsignal(each) for each in SIGNALS}
    with stop.on_signals():
        with stop.patiently(here=False):
            kill(number)
            assert stop.asked and stop.signal == number and not stop.overdue
        with pytest.raises(KeyboardInterrupt):
            kill(number)
        assert stop.again and not stop.reports
        assert signal.getsignal(number) == signal.SIG_DFL, "a third one ends the process"
    assert {each: signal.getsignal(each) for each in SIGNALS} == before


def test_elsewhere_a_signal_ends_the_work_at_once():
    stop = Stop()
    with stop.on_signals(), pytest.raises(KeyboardInterrupt):
        kill(signal.SIGTERM)
    assert stop.reports


def test_work_that_does_not_look_is_broken_off(monkeypatch):
    monkeypatch.setattr("ablations.run.stopping.GRACE", 0.1)
    stop = Stop()
    with stop.on_signals(), stop.patiently(here=True):
        kill(signal.SIGINT)
        signal.pause()
        raise AssertionError("it goes on")
    assert stop.overdue and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop().on_signals():
            kill(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


class Stops(Events):
    """Asks for a stop at the `at`-th reported step."""

    def __init__(self, stop, at):
        super().__init__()
        self.stop, self.at = stop, at

    def on(self, event):
        super().on(event)
        if isinstance(event, StepDone) and len(self.of("step")) == self.at:
            with self.stop.on_signals():
                kill(signal.SIGTERM)


@pytest.mark.parametrize(("jobs", "at"), [("0", 30), ("1", 1)])
def test_a_run_that_is_stopped_goes_on_where_it_was(write_module, tmp_path, jobs, at):
    write_module("mine_net", NETWORK + IMAGES)
    usual = TINY if jobs == "0" else TINY | {"steps": 3000}
    stop = Stop()
    ended, events = run_families(
        ["mine_net:Net"], tmp_path / "out", jobs, 2, Stops(stop, at), stop, **usual
    )
    assert [kind for kind, *_ in events.told if kind != "step"][-1] == "pauses"
    assert len(ended) == at // 20
    (left,) = (tmp_path / "out" / "checkpoints").iterdir()
    assert not list((tmp_path / "out").rglob("*.corrupt"))
    if jobs == "0":
        records, _ = run_families(["mine_net:Net"], tmp_path / "out", "0", 2, **usual)
        undisturbed, _ = run_families(["mine_net:Net"], tmp_path / "other", "0", 2, **usual)
        assert [r.curve for r in records] == [r.curve for r in undisturbed]
        assert not left.exists(), "its record is written"


BROKEN = NETWORK + IMAGES + """
class Fails(Net):
    def trained(self, x):
        raise ValueError("it fails")

class Diverges(Net):
    def trained(self, x):
        return x * float("nan")
"""  # fmt: skip


def test_the_first_failure_may_stop_the_run(write_module, tmp_path):
    write_module("mine_net", BROKEN)
    families = ["mine_net:Net", "mine_net:Fails", "mine_net:Diverges"]
    for running, ended in (({"fail_fast": True}, 2), ({"fail_on_error": "20%"}, 3), ({}, 6)):
        stop = Stop()
        out = tmp_path / f"out{ended}"
        records, _ = run_families(families, out, "0", 2, None, stop, running, **TINY)
        assert (len(records), stop.failures) == (ended, ended < 6)


def test_a_failure_that_lasts_is_run_again_only_if_asked(write_module, tmp_path):
    write_module("mine_net", BROKEN)
    for running, ran in (({}, 1), ({}, 0), ({"retry_failed": True}, 1)):
        (record,), events = run_families(
            ["mine_net:Diverges"], tmp_path, "0", running=running, **TINY
        )
        assert record.failure is not None and not record.transient
        assert len(events.of("starts")) == ran


def test_weights_that_are_asked_for_and_missing_are_trained_again(write_module, tmp_path):
    write_module("mine_net", NETWORK + IMAGES)
    for running, ran in (
        ({}, 1),
        ({}, 0),
        ({"save_weights": True}, 1),
        ({"save_weights": True}, 0),
    ):
        _, events = run_families(["mine_net:Net"], tmp_path, "0", running=running, **TINY)
        assert len(events.of("starts")) == ran
    assert len(list((tmp_path / "weights").iterdir())) == 1


@pytest.mark.parametrize(
    ("typed", "allowed"),
    [("0", 0), ("3", 3), ("10%", 2), ("0.1", 2), ("2.5%", 0), (None, float("inf"))],
)
def test_how_many_trials_may_fail(tmp_path, typed, allowed):
    assert failures_allowed(RunSettings(tmp_path, fail_on_error=typed), 20) == allowed


@pytest.mark.parametrize("typed", ["", "-1", "x", "1.5", "200%", "%", "nan", "1e3"])
def test_what_is_no_number_of_failures(tmp_path, typed):
    with pytest.raises(SettingError, match="fail-on-error"):
        RunSettings(tmp_path, fail_on_error=typed)
