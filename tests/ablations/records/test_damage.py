"""Files of a run, damaged in every way: each is noticed, and none is read as something else."""

import json
import os
from dataclasses import replace

import pytest
from finished import make_run
from kept import KEY, KINDS, RECORD, cuts, flips, spoiled

from ablations.errors import SettingError
from ablations.records.damage import Damaged
from ablations.records.run_file import load_run, save_run, set_aside_damaged
from ablations.records.store import Store
from ablations.records.trial_record import TRIALS

FEW, MANY = 40, 100_000


def check_record(tmp_path, kind, key, record, contents):
    """Each content is damaged, or says what the record says."""
    store = Store(tmp_path, kind)
    store.save(record)
    path = store.path(key)
    good = path.read_bytes()
    for content in contents(good):
        path.write_bytes(content)
        try:
            found = store.look(key)
        except Damaged as damaged:
            assert "\n" not in str(damaged) and str(path) in str(damaged)
        else:
            assert found == record
            assert json.loads(content) == json.loads(good), "only spaces were changed"


def check_run(tmp_path, contents):
    run = make_run(tmp_path, "kernel-size", {"3": [40.0, None], "7": [80.0, 70.0]})
    save_run(run)
    path = tmp_path / "run.json"
    good = path.read_bytes()
    for content in contents(good):
        path.write_bytes(content)
        try:
            found = load_run(tmp_path, "DIR")
        except SettingError as error:
            assert "\n" not in str(error) and "run.json" in str(error)
        else:
            assert found == run and json.loads(content) == json.loads(good)


def every(cut, flipped):
    return lambda good: [*cuts(good, cut), *flips(good, flipped), *spoiled(good)]


@pytest.mark.parametrize(("kind", "key", "record"), KINDS)
def test_a_damaged_record_is_noticed(tmp_path, kind, key, record):
    check_record(tmp_path, kind, key, record, every(FEW, FEW))


def test_a_damaged_run_is_noticed(tmp_path):
    check_run(tmp_path, every(FEW, FEW))


@pytest.mark.torture
@pytest.mark.parametrize(("kind", "key", "record"), KINDS)
def test_a_record_damaged_at_any_place_is_noticed(tmp_path, kind, key, record):
    check_record(tmp_path, kind, key, record, every(MANY, 5000))


@pytest.mark.torture
def test_a_run_damaged_at_any_place_is_noticed(tmp_path):
    check_run(tmp_path, every(MANY, 5000))


def make_folder(path):
    (path / "inside").mkdir(parents=True)


def make_unreadable(path):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path.write_text("{}")
    path.chmod(0)


def make_loop(path):
    path.symlink_to(path.name)


@pytest.mark.parametrize("make", [make_folder, os.mkfifo, make_unreadable, make_loop])
def test_what_is_no_file_is_set_aside(tmp_path, make, capsys):
    store = Store(tmp_path, TRIALS)
    path = store.path(KEY)
    path.parent.mkdir()
    make(path)
    assert store.load(KEY) is None
    assert capsys.readouterr().err.count("\n") == 1
    store.save(RECORD)
    assert store.load(KEY) == RECORD


def test_a_folder_in_the_place_of_a_record_that_is_written(tmp_path):
    told = []
    store = Store(tmp_path, TRIALS, told.append)
    make_folder(store.path(KEY))
    store.save(RECORD)
    assert store.load(KEY) == RECORD
    (line,) = told
    assert line.endswith("json.corrupt, and a record takes its place")


def test_what_is_set_aside_takes_no_others_place(tmp_path):
    store = Store(tmp_path, TRIALS, lambda line: None)
    for text in ("first", "second", "third"):
        store.save(RECORD)
        store.path(KEY).write_text(text)
        assert store.load(KEY) is None
    name = store.path(KEY).name
    kept = [store.folder / f"{name}.corrupt{number}" for number in ("", "-2", "-3")]
    assert [path.read_text() for path in kept] == ["first", "second", "third"]


def test_a_damaged_run_is_set_aside_and_the_way_back_is_told(tmp_path):
    Store(tmp_path, TRIALS).save(RECORD)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(SettingError, match="the trials are still there: the run's command, with"):
        load_run(tmp_path, "DIR")
    told = []
    set_aside_damaged(tmp_path, told.append)
    set_aside_damaged(tmp_path, told.append)
    (line,) = told
    assert "run.json is damaged" in line and line.endswith("and this run writes another")
    assert {path.name for path in tmp_path.glob("run*")} == {"run.json.corrupt"}


@pytest.mark.parametrize(("kind", "key", "record"), KINDS)
def test_a_file_without_its_checksum_is_damaged(tmp_path, kind, key, record):
    store = Store(tmp_path, kind)
    store.save(record)
    values = json.loads(store.path(key).read_text())
    del values["checksum"]
    store.path(key).write_text(json.dumps(values))
    with pytest.raises(Damaged, match="its checksum does not match its content"):
        store.look(key)


@pytest.mark.parametrize(("kind", "key", "record"), KINDS)
def test_a_record_of_another_format_says_who_wrote_it(tmp_path, kind, key, record):
    store = Store(tmp_path, kind)
    store.save(replace(record, environment={"involution-ablate": "0.0.3"}))
    path = store.path(key)
    path.write_text(path.read_text().replace('"format": 1', '"format": 4'))
    with pytest.raises(Damaged) as raised:
        store.read(path)
    assert raised.value.other_format
    assert raised.value.reason == (
        "it has format 4, written by involution-ablate 0.0.3, and this version reads 1"
    )
