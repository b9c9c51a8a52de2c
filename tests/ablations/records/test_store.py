import dataclasses
import json

import pytest
from kept import KEY, KINDS, RECORD, TIMING, TIMING_KEY

from ablations.errors import traceback_text
from ablations.records.damage import Damaged
from ablations.records.files import sealed, write_text
from ablations.records.folder import write_log
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS, load_session
from ablations.records.trial_record import TRIALS
from ablations.study.variants import Variant

FAILED = dataclasses.replace(RECORD, top1=None, failure="OSError: broken image")


@pytest.mark.parametrize(("kind", "key", "record"), KINDS)
def test_a_record_comes_back_whole(tmp_path, kind, key, record):
    store = Store(tmp_path, kind)
    assert store.load(key) is None
    store.save(record)
    assert store.load(key) == record
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*.json")] == [
        store.path(key).relative_to(tmp_path)
    ]


def test_a_record_says_how_the_study_at_hand_has_it(tmp_path):
    store = Store(tmp_path, TRIALS)
    store.save(RECORD)
    variant = dataclasses.replace(KEY.variant, training=(("lr", 0.1),))
    assert store.load(dataclasses.replace(KEY, variant=variant)).variant == variant


def changed(tmp_path, kind, key, record, change):
    """A store whose file of `key` says something else than `record`."""
    store = Store(tmp_path, kind)
    store.save(record)
    values = json.loads(store.path(key).read_text())
    values.update(change)
    store.path(key).write_text(json.dumps(sealed(values)))
    return store


def assert_set_aside(store, key, capsys):
    """The file of `key` is no record: it is told in one line, renamed, and there is none."""
    path = store.path(key)
    content = path.read_bytes()
    assert store.peek(key) is None and path.read_bytes() == content, "a look changes nothing"
    with pytest.raises(Damaged):
        store.look(key)
    assert capsys.readouterr().err == ""
    assert store.load(key) is None
    told = capsys.readouterr().err
    assert told.startswith(f"{path} is damaged (") and told.count("\n") == 1
    assert told.endswith(f"as {path.name}.corrupt, and this {store.kind.name} is run again\n")
    assert not path.exists()
    assert path.with_name(path.name + ".corrupt").read_bytes() == content


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
def test_a_record_of_something_else_is_refused(tmp_path, kind, key, record, change, capsys):
    store = changed(tmp_path, kind, key, record, change)
    if "unknown" in change:  # of a later version that only adds: what is known still holds
        assert store.load(key) == record
        return
    assert_set_aside(store, key, capsys)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"images": "others"},
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
def test_values_that_no_trial_has_are_refused(tmp_path, change, capsys):
    store = changed(tmp_path, TRIALS, KEY, RECORD, change)
    assert_set_aside(store, KEY, capsys)


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
def test_values_that_no_measurement_has_are_refused(tmp_path, change, capsys):
    store = changed(tmp_path, TIMINGS, TIMING_KEY, TIMING, change)
    assert_set_aside(store, TIMING_KEY, capsys)


def test_a_transient_failure_is_run_again_and_a_lasting_one_is_not(tmp_path):
    store = Store(tmp_path, TRIALS)
    store.save(dataclasses.replace(FAILED, transient=True))
    assert store.load(KEY) is None
    store.save(FAILED)
    assert store.load(KEY) == FAILED


def test_timings_are_taken_from_one_session_or_none(tmp_path):
    store = Store(tmp_path, TIMINGS)
    other = dataclasses.replace(TIMING_KEY, variant=Variant(3))
    assert load_session(store, [TIMING_KEY]) is None
    store.save(TIMING)
    assert load_session(store, [TIMING_KEY]) == [TIMING]
    assert load_session(store, [TIMING_KEY, other]) is None
    later = dataclasses.replace(TIMING, variant=Variant(3), session="2026-01-02")
    store.save(later)
    assert load_session(store, [TIMING_KEY, other]) is None
    store.save(dataclasses.replace(later, session=TIMING.session))
    assert len(load_session(store, [TIMING_KEY, other])) == 2


def test_a_failed_measurement_is_taken_again(tmp_path):
    store = Store(tmp_path, TIMINGS)
    failed = dataclasses.replace(TIMING, step_seconds=(), peak_bytes=None, failure="no memory")
    store.save(failed)
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
