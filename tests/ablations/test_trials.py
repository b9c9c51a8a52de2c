import dataclasses
import json

import pytest

from ablations.errors import SettingError
from ablations.trials import TrialKey, TrialRecord, TrialStore, write_text
from ablations.variants import Variant

KEY = TrialKey(Variant(5, "C", "r=4"), 1, {"model": "rednet-small", "lr": 0.1}, "cpu")
RECORD = TrialRecord(
    variant=KEY.variant,
    seed=1,
    settings=KEY.settings,
    device="cpu",
    data="d",
    curve=({"epoch": 1, "steps": 4, "train_loss": 2.5, "test_top1": 100 / 3},),
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
    ],
)
def test_whatever_changes_a_trial_changes_its_file(change):
    assert dataclasses.replace(KEY, **change).file_name != KEY.file_name


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", json.dumps({"format": 99})])
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
