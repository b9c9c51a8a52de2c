import dataclasses
import json

import pytest

from ablations.errors import SettingError
from ablations.records.files import write_text
from ablations.records.key import RecordKey
from ablations.records.logs import traceback_text, write_log
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS, TimingRecord, load_session
from ablations.records.trial_record import TRIALS, TrainedCosts, TrialRecord
from ablations.study.variants import Variant

SETTINGS = {"model": "rednet-small", "lr": 0.1, "code": {"mine:net": "0123"}}
KEY = RecordKey(Variant(5, "C", "r=4"), SETTINGS, "digits", "cpu", 1)
TIMING_KEY = dataclasses.replace(KEY, seed=None)
RECORD = TrialRecord(
    variant=KEY.variant,
    seed=1,
    settings=SETTINGS,
    device="cpu",
    data="d",
    curve=({"epoch": 1, "steps": 4, "train_loss": 2.5, "top1": 100 / 3},),
    top1=100 / 3,
    costs=TrainedCosts(3, {"conv": 1}),
    seconds=1.25,
    environment={"torch": "2"},
)
TIMING = TimingRecord(
    variant=KEY.variant,
    settings=SETTINGS,
    device="cpu",
    data="d",
    batch_size=8,
    step_seconds=(0.1, 1 / 3),
    inference_seconds=(0.01, 0.02),
    peak_bytes=1000,
    session="2026-01-01T00:00:00+00:00",
    environment={"torch": "2"},
)
KINDS = [(TRIALS, KEY, RECORD), (TIMINGS, TIMING_KEY, TIMING)]
FAILED = dataclasses.replace(RECORD, top1=None, failure="OSError: broken image")


@pytest.mark.parametrize(("kind", "key", "record"), KINDS)
def test_a_record_comes_back_whole(tmp_path, kind, key, record):
    store = Store(tmp_path, kind)
    assert store.load(key) is None
    store.save(key, record)
    assert store.load(key) == record
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*.json")] == [
        store.path(key).relative_to(tmp_path)
    ]


def test_a_record_says_how_the_study_at_hand_has_it(tmp_path):
    store = Store(tmp_path, TRIALS)
    store.save(KEY, RECORD)
    variant = dataclasses.replace(KEY.variant, training=(("lr", 0.1),))
    assert store.load(dataclasses.replace(KEY, variant=variant)).variant == variant


def changed(tmp_path, kind, key, record, change):
    """A store whose file of `key` says something else than `record`."""
    store = Store(tmp_path, kind)
    store.save(key, record)
    values = json.loads(store.path(key).read_text())
    values.update(change)
    store.path(key).write_text(json.dumps(values))
    return store


@pytest.mark.parametrize(("kind", "key", "record"), KINDS)
@pytest.mark.parametrize(
    "change",
    [
        {"variant": {"kernel_size": 3}},
        {"variant": {"kernel_sizes": 5}},
        {"settings": {"lr": 9}},
        {"device": "cuda"},
        {"environment": None},
        {"format": 2},
        {"unknown": 1},
    ],
)
def test_a_record_of_something_else_is_refused(tmp_path, kind, key, record, change):
    store = changed(tmp_path, kind, key, record, change)
    if "unknown" in change:  # of a later version that only adds: what is known still holds
        assert store.load(key) == record
        return
    with pytest.raises(SettingError, match=f"is not a {kind.name} record"):
        store.load(key)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"top1": 5000.0},
        {"top1": None},
        {"top1": float("nan")},
        {"costs": None},
        {"costs": {"operations": {"conv": 1}}},
        {"costs": {"params": -1, "operations": {"conv": 1}}},
        {"costs": {"params": 3, "operations": {}}},
        {"costs": {"params": 3, "operations": {"conv": "a"}}},
        {"costs": {"params": 3, "operations": "x"}},
        {"curve": [{"epoch": 1, "steps": 10**30, "train_loss": 2.5, "top1": 3}]},
        {"curve": [{"epoch": 1, "steps": 4, "train_loss": 2.5}]},
        {"curve": [{"epoch": 1, "steps": 0, "train_loss": 2.5, "top1": 3}]},
    ],
)
def test_values_that_no_trial_has_are_refused(tmp_path, change):
    store = changed(tmp_path, TRIALS, KEY, RECORD, change)
    with pytest.raises(SettingError, match="is not a trial record"):
        store.load(KEY)


@pytest.mark.parametrize(
    "change",
    [
        {"step_seconds": []},
        {"step_seconds": [0.1, 1e-320]},
        {"step_seconds": [0.1, 0.0]},
        {"inference_seconds": [0.1, float("nan")]},
        {"inference_seconds": [0.1, "fast"]},
        {"peak_bytes": None},
        {"peak_bytes": 0},
    ],
)
def test_values_that_no_measurement_has_are_refused(tmp_path, change):
    store = changed(tmp_path, TIMINGS, TIMING_KEY, TIMING, change)
    with pytest.raises(SettingError, match="is not a timing record"):
        store.load(TIMING_KEY)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", json.dumps({"format": 99}), "[" * 100_000]
)
def test_a_file_that_is_no_record_is_named_and_kept(tmp_path, content):
    store = Store(tmp_path, TRIALS)
    store.folder.mkdir()
    path = store.path(KEY)
    path.write_text(content)
    with pytest.raises(SettingError, match=f"{path.name} is not a trial record"):
        store.load(KEY)
    assert path.read_text() == content


def test_a_transient_failure_is_run_again_and_a_lasting_one_is_not(tmp_path):
    store = Store(tmp_path, TRIALS)
    store.save(KEY, dataclasses.replace(FAILED, transient=True))
    assert store.load(KEY) is None
    store.save(KEY, FAILED)
    assert store.load(KEY) == FAILED


def test_timings_are_taken_from_one_session_or_none(tmp_path):
    store = Store(tmp_path, TIMINGS)
    other = dataclasses.replace(TIMING_KEY, variant=Variant(3))
    assert load_session(store, [TIMING_KEY]) is None
    store.save(TIMING_KEY, TIMING)
    assert load_session(store, [TIMING_KEY]) == [TIMING]
    assert load_session(store, [TIMING_KEY, other]) is None
    later = dataclasses.replace(TIMING, variant=Variant(3), session="2026-01-02")
    store.save(other, later)
    assert load_session(store, [TIMING_KEY, other]) is None
    store.save(other, dataclasses.replace(later, session=TIMING.session))
    assert len(load_session(store, [TIMING_KEY, other])) == 2


def test_a_failed_measurement_is_taken_again(tmp_path):
    store = Store(tmp_path, TIMINGS)
    failed = dataclasses.replace(TIMING, step_seconds=(), peak_bytes=None, failure="no memory")
    store.save(TIMING_KEY, failed)
    assert store.load(TIMING_KEY) is None


def test_a_log_holds_the_traceback(tmp_path):
    try:
        raise ValueError("what went wrong")
    except ValueError as error:
        name = write_log(tmp_path, "k3-seed0", traceback_text(error))
    assert name == "logs/k3-seed0.txt"
    text = (tmp_path / name).read_text()
    assert "test_store.py" in text and text.endswith("ValueError: what went wrong\n")


def test_a_full_disk_leaves_the_old_file_whole(mounted):
    full_disk = mounted("size=64k")
    (full_disk / "ballast").write_bytes(bytes(15 * 4096))
    path = full_disk / "kept.json"
    path.write_text("old")
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "new" * 10_000)
    assert path.read_text() == "old"
    assert {p.name for p in full_disk.iterdir()} == {"ballast", "kept.json"}
