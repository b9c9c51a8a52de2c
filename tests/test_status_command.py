import json
import os
import subprocess
import sys
from dataclasses import asdict, replace

import pytest
from finished import make_run, run_of
from tuned import TUNED, tuned_run

from ablations.records.claims import Claims
from ablations.records.run_file import save_run
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS
from ablations.records.trial_record import TRIALS
from ablations.study.builder import make_study, parse_study

TOPS = {"3": [40.0, None, 50.0], "7": [80.0, 70.0, 60.0]}


@pytest.fixture
def folder(tmp_path):
    """A finished run with its records on disk. keys: (kernel size, seed) -> key."""
    out = tmp_path / "out"
    run = make_run(out, "kernel-size", TOPS, dataset="digits")
    settings = run.settings.train.identity()
    store, keys = Store(out, TRIALS), {}
    for record in run.records:
        key = replace(record, settings=settings, images="images")
        keys[record.variant.kernel_size, record.seed] = key
        store.save(key)
    for timing in run.timings:
        Store(out, TIMINGS).save(replace(timing, settings=settings))
    save_run(run)
    return store, keys


def subject_of(record):
    """What the claim of a trial says; see `TrialSpec.subject`."""
    network = asdict(record.variant.network)
    return {"network": network, "seed": record.seed, "settings": record.settings, "device": "cpu"}


def changed(store, key, **change):
    found = store.load(key)
    store.path(key).unlink()
    store.save(replace(found, **change))


def test_done_and_failed(run, folder):
    result = run("status", "out")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "6 trials: 5 done, 0 running, 1 failed, 0 stale, 0 damaged, 0 missing; 2 timed",
        "K=3, 16 group channels, r=4, seed 1  failed   loss became nan at step <3>",
    ]


def test_every_state_and_nothing_is_changed(run, folder, tmp_path):
    store, keys = folder
    store.path(keys[3, 0]).unlink()
    store.path(keys[3, 2]).write_text("{")
    changed(store, keys[7, 0], settings={**keys[7, 0].settings, "lr": 0.5})
    changed(store, keys[7, 1], images="others")
    latest = store.path(keys[7, 2])
    os.utime(latest, (2**32, 2**32))
    (store.folder / "stray.json").write_text("")
    (store.folder / "x.json.corrupt").touch()
    key = keys[3, 1]
    with Claims(store.output, print) as claims:
        claims.take(key.name, subject_of(key))
        before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
        result = run("status", "out")
        after = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert before == after
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert (
        lines[0] == "6 trials: 1 done, 1 running, 0 failed, 2 stale, 1 damaged, 1 missing; 2 timed"
    )
    found = {line.split(", ")[0] + line.split("seed ")[1][0]: line for line in lines[1:6]}
    assert found["K=30"].endswith("seed 0 missing")
    assert f"running process {os.getpid()} on " in found["K=31"]
    assert "damaged" in found["K=32"] and ".json: " in found["K=32"]
    assert found["K=70"].endswith("stale there is a record with lr 0.5")
    assert found["K=71"].endswith("stale made with other images")
    assert "stray.json is damaged" in result.out
    assert lines[-1] == "1 damaged file set aside by earlier runs (.corrupt)"


def test_trials_that_have_begun_are_counted(run, folder, tmp_path):
    (tmp_path / "out" / "checkpoints").mkdir()
    (tmp_path / "out" / "checkpoints" / "k3.pt").touch()
    assert run("status", "out").out.splitlines()[-1] == "1 checkpoint of trials that have begun"


def test_a_record_of_a_format_that_is_not_read_is_stale(run, folder):
    store, keys = folder
    path = store.path(keys[3, 0])
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    result = run("status", "out")
    assert "4 done, 0 running, 1 failed, 1 stale, 0 damaged" in result.out
    assert "stale    " in result.out and "it has format 2, and this version reads 1" in result.out


def test_a_record_of_another_trial_of_the_run_is_not_a_stale_one(run, tmp_path):
    text = TUNED.split("[tune]")[0].replace("kernel_size = [3, 5, 7]", "momentum = [0.5, 0.9]")
    made = make_study(parse_study(text))
    tops = {name: [60.0] for name in made.variants}
    saved = run_of(tmp_path / "out", made, tops, dataset="digits", momentum=0.5)
    keep(saved, saved.records[:1])
    assert run("status", "out").out.splitlines()[1].split()[-1] == "missing"
    assert "1 done, 0 running, 0 failed, 0 stale, 0 damaged, 1 missing" in run("status", "out").out


def test_the_trials_of_a_folder_of_images_are_done_wherever_it_lies(run, tmp_path):
    saved = make_run(tmp_path / "out", "kernel-size", TOPS, dataset="imagefolder:~/img")
    keep(saved, saved.records, dataset="imagefolder")
    assert run("status", "out").out.startswith("6 trials: 5 done, 0 running, 1 failed, 0 stale")


def test_a_record_in_another_precision_is_stale_although_the_default_is_not_said(run, tmp_path):
    saved = make_run(tmp_path / "out", "kernel-size", TOPS)
    keep(saved, saved.records, precision="bf16")
    told = run("status", "out").out
    assert told.startswith("6 trials: 0 done") and "6 stale" in told
    assert "there is a record with precision bf16" in told


def keep(saved, records, **kept_as):
    """Writes a run with these of its records, and each of them in a file; the keys of these.
    kept_as: settings that a record says in another way."""
    keys = []
    for record in (*saved.tuning, *records):
        split = "validation" if record in saved.tuning else "test"
        own = replace(saved.settings.train, split=split).for_variant(record.variant)
        settings = own.identity() | kept_as
        keys.append(replace(record, settings=settings, images="images"))
        Store(saved.settings.output, TRIALS).save(keys[-1])
    save_run(replace(saved, records=records, timings=[]))
    return keys


def test_a_study_whose_tuning_goes_on(run, tmp_path):
    saved = tuned_run(tmp_path / "out")
    keys = keep(saved, [])
    save_run(replace(saved, tuning=saved.tuning[:4], records=[], timings=[], wanted=18))
    store = Store(saved.settings.output, TRIALS)
    for key in keys[6:]:
        store.path(key).unlink()
    with Claims(store.output, print) as claims:
        claims.take(keys[6].name, subject_of(keys[6]))
        lines = run("status", "out").out.splitlines()
    assert lines[:2] == [
        "18 tuning trials: 6 done, 1 running, 0 failed, 0 stale, 0 damaged, 11 missing",
        "18 trials to follow, trained as the tuning chooses",
    ]
    assert lines[2].startswith("K=5, 16 group channels, r=4, learning rate 0.3, seed 1000000   run")
    assert len(lines) == 2 + 12 and lines[3].endswith("learning rate 0.3, seed 1000001   missing")


def test_a_tuned_study_whose_trials_go_on(run, tmp_path):
    saved = tuned_run(tmp_path / "out")
    keep(saved, saved.records[:17])
    lines = run("status", "out").out.splitlines()
    assert lines[:2] == [
        "18 tuning trials: 17 done, 0 running, 1 failed, 0 stale, 0 damaged, 0 missing",
        "18 trials: 17 done, 0 running, 0 failed, 0 stale, 0 damaged, 1 missing; 0 timed",
    ]
    tuning, trial = lines[2:]
    assert "learning rate 0.3, seed 1000001  failed   loss became nan" in tuning
    assert trial.startswith("K=7, 16 group channels, r=4, learning rate 0.1, seed 5 ")


@pytest.mark.parametrize("text", [None, "{"])
def test_without_a_run_the_records_are_told(run, folder, tmp_path, text):
    (tmp_path / "out" / "run.json").unlink()
    if text is not None:
        (tmp_path / "out" / "run.json").write_text(text)
    store, keys = folder
    key = replace(keys[3, 0], seed=7)
    with Claims(store.output, print) as claims:
        claims.take(key.name, subject_of(key))
        claims.take("report")
        result = run("status", "out")
    assert result.code == 0 and result.err.count("\n") == (text is not None)
    assert result.out.splitlines()[:2] == [
        "7 trials: 5 done, 1 running, 1 failed, 0 stale, 0 damaged, 0 missing; 2 timed",
        "without a run.json it is not known what is wanted beside them",
    ]
    assert "K=3, 16 group channels, r=4, seed 7  running" in result.out


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("text", ["", "[]", '{"subject": 3}', '{"subject": {"network": {"a": 1}}}'])
def test_what_others_write_into_a_claim_is_no_error(run, folder, text, known):
    store, _ = folder
    if not known:
        (store.output / "run.json").unlink()
    with Claims(store.output, print) as claims:
        claims.take("some")
        (store.output / "claims" / "some.lock").write_text(text)
        assert run("status", "out").code == 0


def test_where_there_is_no_folder(run, tmp_path):
    assert "DIR gone: is not a directory" in run("status", "gone").err
    (tmp_path / "empty").mkdir()
    assert run("status", "empty").out.startswith("0 trials: 0 done")


def test_it_needs_no_torch(folder, tmp_path):
    code = (
        "import sys, cli\n"
        "cli.cli.main(['status', 'out'], prog_name='p', standalone_mode=False)\n"
        "assert not {'torch', 'pandas', 'matplotlib', 'scipy'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "run.json").read_text())["format"] == 1
