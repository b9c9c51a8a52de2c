import dataclasses
import json

import pytest

from ablations.errors import SettingError
from ablations.records import trial_record as trials
from ablations.records.files import write_text
from ablations.records.trial_record import TrialKey, TrialRecord, TrialStore
from ablations.study.settings import TrainSettings
from ablations.study.variants import Variant

KEY = TrialKey(Variant(5, "C", "r=4"), 1, {"model": "rednet-small", "lr": 0.1}, "digits", "cpu")
RECORD = TrialRecord(
    variant=KEY.variant,
    seed=1,
    settings=KEY.settings,
    device="cpu",
    data="d",
    curve=({"epoch": 1, "steps": 4, "train_loss": 2.5, "top1": 100 / 3},),
    top1=100 / 3,
    costs={"params": 3, "operations": {"conv": 1}},
    seconds=1.25,
    environment={"torch": "2"},
)


def test_a_record_comes_back_whole(tmp_path):
    store = TrialStore(tmp_path)
    assert store.load(KEY) is None
    store.save(KEY, RECORD)
    assert store.load(KEY) == RECORD
    assert [path.name for path in store.folder.iterdir()] == [KEY.file_name]
    assert KEY.file_name.startswith("k5-gC-r4-seed1-")


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"device": "cuda"},
        {"variant": Variant(5, 32, "r=4")},
        {"settings": {"model": "rednet-small", "lr": 0.2}},
        {"data": "other digits"},
    ],
)
def test_whatever_changes_a_trial_changes_its_file(change):
    assert dataclasses.replace(KEY, **change).file_name != KEY.file_name


@pytest.mark.parametrize(
    "change",
    [
        {"model": "rednet26"},
        {"dataset": "cifar10"},
        {"split": "validation"},
        {"epochs": 9},
        {"epochs": None, "steps": 9},
        {"batch_size": 9},
        {"lr": 0.9},
    ],
)
def test_every_setting_that_changes_numbers_changes_the_file(change):
    def file_name(settings):
        return dataclasses.replace(KEY, settings=settings.identity()).file_name

    assert file_name(TrainSettings(**change)) != file_name(TrainSettings())


def test_a_newer_format_never_reads_an_older_record(monkeypatch):
    before = KEY.file_name
    monkeypatch.setattr(trials, "FORMAT", trials.FORMAT + 1)
    assert KEY.file_name != before


def test_a_transient_failure_is_run_again_and_a_lasting_one_is_not(tmp_path):
    store = TrialStore(tmp_path)
    failed = dataclasses.replace(RECORD, top1=None, failure="OSError: broken image")
    store.save(KEY, dataclasses.replace(failed, transient=True))
    assert store.load(KEY) is None
    store.save(KEY, failed)
    assert store.load(KEY) == failed


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"variant": Variant(3, "C", "r=4")},
        {"settings": {"lr": 9}},
        {"device": "cuda"},
        {"top1": 5000.0},
        {"top1": None},
        {"top1": float("nan")},
    ],
)
def test_a_record_of_something_else_is_refused(tmp_path, change):
    store = TrialStore(tmp_path)
    store.save(KEY, dataclasses.replace(RECORD, **change))
    with pytest.raises(SettingError, match="is not a trial record"):
        store.load(KEY)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", json.dumps({"format": 99}), "[" * 100_000]
)
def test_a_file_that_is_no_record_is_named_and_kept(tmp_path, content):
    store = TrialStore(tmp_path)
    store.folder.mkdir()
    path = store.folder / KEY.file_name
    path.write_text(content)
    with pytest.raises(SettingError, match=f"{KEY.file_name} is not a trial record"):
        store.load(KEY)
    assert path.read_text() == content


def test_a_full_disk_leaves_the_old_file_whole(mounted):
    full_disk = mounted("size=64k")
    (full_disk / "ballast").write_bytes(bytes(15 * 4096))
    path = full_disk / "kept.json"
    path.write_text("old")
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "new" * 10_000)
    assert path.read_text() == "old"
    assert {p.name for p in full_disk.iterdir()} == {"ballast", "kept.json"}
