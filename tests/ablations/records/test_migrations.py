import json
from dataclasses import replace

import pytest
from finished import make_run

from ablations.errors import SettingError
from ablations.records.checksums import sealed
from ablations.records.migrations import RUN_STEPS, migrate
from ablations.records.run_file import dump_run, load_run, parse_run

RECIPE = {
    "optimizer": "sgd", "momentum": 0.9, "weight_decay": 1e-4, "label_smoothing": 0.1,
    "decayed": "all", "zero_gamma": "no", "span_init": "he", "averaging": 0.0,
}  # fmt: skip
"""Of every trial of format 2, which said nothing of it."""

TOPS = {"3": [40.0, None], "7": [80.0, 70.0]}


@pytest.fixture
def run():
    return make_run("out", "kernel-size", TOPS)


def in_format_2(run):
    """The run as the program wrote it when proofs had other names of fields."""
    values = json.loads(json.dumps(dump_run(run)))
    values["format"] = 2
    del values["checksum"]
    for proof in (proof for proofs in values["proofs"].values() for proof in proofs):
        proof["value"] = proof.pop("name")
        proof["witness_macs"] = proof.pop("torch_macs")
        proof["fvcore_macs"] = proof.pop("counted_macs")
        del proof["counters"]
    for name in (*RECIPE, *STEPS, "threads", "workers"):
        del values["settings"]["train"][name]
    del values["settings"]["jobs"]
    values["environment"]["threads"] = "8"
    for record in (*values["records"], *values["timings"]):
        record["settings"] = {"lr": 0.1}
    return values


def test_a_run_of_format_2_is_the_same_run(run):
    old = in_format_2(run)
    before = json.dumps(old)
    found = parse_run(old)
    assert (found.proofs, found.studies) == (run.proofs, run.studies)
    train = replace(run.settings.train, threads=8, **RECIPE)
    assert found.settings == replace(run.settings, train=train)
    for record in (*found.records, *found.timings):
        threads = int(record.environment["threads"])
        assert record.settings == {"lr": 0.1, **RECIPE, "threads": threads}
    assert json.dumps(old) == before, "what was read stays as it is"


def test_a_run_of_format_3_is_the_same_run(run):
    old = json.loads(json.dumps(dump_run(run)))
    old["format"] = 3
    del old["checksum"]
    for proof in (proof for proofs in old["proofs"].values() for proof in proofs):
        proof["fvcore_macs"] = proof.pop("counted_macs")
        del proof["counters"]
    assert parse_run(old) == run


STEPS = {"accumulate": 1, "warmup": "10%", "warmup_from": 0.0, "precision": "fp32"}
"""Of every trial of format 4, which said nothing of it."""


def test_a_run_of_format_4_is_the_same_run(run):
    old = json.loads(json.dumps(dump_run(run)))
    for name, value in STEPS.items():
        assert old["settings"]["train"].pop(name) == value
    del old["checksum"]
    assert parse_run(sealed(old | {"format": 4})) == run
    costs = {**old, "format": 4, "settings": {**old["settings"], "train": None}}
    assert parse_run(sealed(costs | {"records": [], "timings": []})).settings.train is None


def test_the_present_format_stays_as_it_is(run):
    values = dump_run(run)
    assert migrate(values, RUN_STEPS) is values


def test_what_only_says_that_it_is_of_format_2_is_named_in_one_line(run, tmp_path):
    old = in_format_2(run)
    for spoiled in (
        {"format": 2},
        old | {"proofs": []},
        old | {"proofs": {"kernel-size": 3}},
        old | {"proofs": {"kernel-size": [[]]}},
        old | {"format": []},
    ):
        file = tmp_path / "run.json"
        file.write_text(json.dumps(spoiled))
        with pytest.raises(SettingError, match="cannot be read as a run") as raised:
            load_run(file, "a")
        assert "\n" not in str(raised.value)


def test_what_was_the_default_task_is_the_cluttered_one_now():
    old = in_format_2(make_run("out", "kernel-size", TOPS, dataset="digits"))
    assert parse_run(old).settings.train.dataset == "digits-clutter"
