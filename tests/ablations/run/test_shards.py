"""A study in shards, one after another in one folder."""

import json

import pytest
from studies import records, table
from trials import IMAGES, NETWORK, run_families

from ablations.run.trials import of_shard

TINY = {"dataset": "mine_net:images", "workers": 0, "batch_size": 4}


@pytest.mark.parametrize("of", [1, 2, 3, 7, 20])
def test_shards_share_all_trials_and_each_has_as_many(of):
    trials = list(range(17))
    shards = [of_shard(trials, f"{place}/{of}") for place in range(1, of + 1)]
    assert sorted(trial for shard in shards for trial in shard) == trials
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
    assert of_shard(trials, None) == trials


def test_what_a_shard_trains_does_not_depend_on_what_is_done(write_module, tmp_path):
    write_module("mine_net", NETWORK + IMAGES)
    whole, _ = run_families(["mine_net:Net"], tmp_path / "whole", "0", 5, **TINY)

    def shard(which, output):
        running = {"shard": which}
        found, events = run_families(
            ["mine_net:Net"], tmp_path / output, "0", 5, running=running, **TINY
        )
        return [r.seed for r in found], [seed for _, seed in events.of("starts")], found

    assert shard("2/2", "alone")[:2] == ([1, 3], [1, 3])
    assert shard("1/2", "out")[:2] == ([0, 2, 4], [0, 2, 4])
    assert shard("1/2", "out")[:2] == ([0, 2, 4], [])
    seeds, started, found = shard("2/2", "out")
    assert (seeds, started) == ([0, 1, 2, 3, 4], [1, 3]), "the last one has the whole study"
    assert [r.curve for r in found] == [r.curve for r in whole]


SHARD = [
    *("kernel-size", "--sizes", "1", "3", "--seeds", "1", "--steps", "1"),
    *("--output", "out", "--cost-model", "rednet-small", "--shard"),
]


def test_a_shard_without_trials_is_no_failure(run):
    empty = run(*SHARD, "3/3")
    assert empty.code == 0 and empty.out == ""
    assert "shard 3/3: 0 of 2 trials finished" in empty.err


@pytest.mark.torture
def test_the_last_shard_reports_the_study(run, tmp_path):
    first = run(*SHARD, "1/2")
    assert first.code == 0, first.err
    assert "shard 1/2: 1 of 2 trials finished" in first.err
    assert not (tmp_path / "out" / "timings").exists()
    last = run(*SHARD, "2/2")
    assert last.code == 0 and "shard" not in last.err
    assert len(records(tmp_path / "out")) == 2
    assert table(tmp_path / "out", "kernel-size")["top1_mean"].notna().all()
    written = json.loads((tmp_path / "out" / "run.json").read_text())
    assert len(written["records"]) == len(written["timings"]) == 2


@pytest.mark.parametrize("typed", ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b", "1.5/2"])
def test_what_is_no_shard_is_one_line(run, tmp_path, typed):
    result = run("kernel-size", "--sizes", "3", "--shard", typed)
    assert result.code == 2 and result.err.count("\n") == 1
    assert f"--shard {typed}: must be I/N, I from 1 to N, such as 2/8" in result.err
    assert not (tmp_path / "runs").exists()
