"""Tuned studies from the command line, with real trainings of a tiny network."""

import json

import pytest
from studies import NETWORK, SETTINGS, records, table

from ablations.results.results import load_results
from ablations.study.grid import FIRST_SEED

ABSURD = 1e9
TUNED = f"""
name = "tuned"
[[variants]]
family = "mine_tuned:Net"
[[variants]]
family = "mine_tuned:Net"
momentum = 0.5
[tune]
lr = [{ABSURD}, 0.1, 0.5]
seeds = 2
"""
QUICK = SETTINGS.replace("steps = 1", "steps = 6").replace("seeds = 1", "seeds = 2")


@pytest.fixture
def tuned(study, write_module):
    write_module("mine_tuned", NETWORK)
    return study(TUNED, QUICK)


def trained(folder):
    return {(r["settings"]["split"], r["seed"], r["settings"]["lr"]) for r in records(folder)}


def test_a_tuned_study_end_to_end(run, tuned, tmp_path):
    result = run("run", tuned)
    assert result.code == 0, result.err
    out = tmp_path / "runs" / "tuned"
    assert "[tuning 12/12] " in result.err and "[4/4] " in result.err
    assert "4 of 12 tuning trials failed" in result.err, "the absurd rate diverges"

    (found,) = load_results(out).studies
    for variant in found.tuning.variants:
        assert variant.tried[0].failed == 2 and variant.chosen is not variant.tried[0]
        assert variant.chosen.top1.mean == max(one.top1.mean for one in variant.tried[1:])
        assert variant.chosen.levels == found[variant.name].variant.training[:1]
    for split, seed, lr in trained(out):
        assert (split == "validation") == (seed in (FIRST_SEED, FIRST_SEED + 1))
        assert split == "validation" or (seed in (0, 1) and lr != ABSURD)
    chosen = [dict(v.variant.training)["lr"] for v in found.variants]
    assert table(out, "tuned")["tuned_lr"].tolist() == chosen
    assert len(table(out, "tuned-tuning")) == 2 and len(table(out, "tuned-tuning-candidates")) == 6
    assert f"learning rate {chosen[0]}: " in result.out
    assert '<section id="tuning">' in (out / "report.html").read_text()

    plan = run("plan", "run", tuned)
    assert plan.out.startswith(
        "12 trials of tuning, 12 of them recorded already\nabout 0 s of tuning, of what follows\n"
        "4 trials with 2 seeds, 4 of them recorded already\n"
    )

    # More seeds of the study neither tune again nor reach those of the tuning.
    more = run("run", out / "report.html", "--set", "seeds=3", "--output", out)
    assert more.code == 0, more.err
    assert more.err.count("% (recorded before)") == 12 and more.err.count(": failed: ") == 4
    assert len(records(out)) == 18, "of what was recorded nothing is trained again"


STOPS = """
import os, signal

class Stops(Net):
    def forward(self, x):
        if self.training and len(os.listdir("out/trials")) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().forward(x)
"""


def test_a_tuning_that_is_stopped(run, study, write_module, tmp_path):
    write_module("mine_tuned", NETWORK + STOPS)
    (tmp_path / "out" / "trials").mkdir(parents=True)
    file = study(TUNED.replace(":Net", ":Stops"), QUICK)
    result = run("run", file, "--output", "out")
    assert result.code == 143 and result.out == ""
    last = result.err.splitlines()[-1]
    assert "2 of 12 tuning trials are kept in out, 1 more as checkpoints" in last
    status = run("status", "out").out
    assert status.startswith("12 tuning trials: 1 done, 0 running, 1 failed, ")
    assert "\n4 trials to follow, trained as the tuning chooses\n" in status
    assert run("report", "out").code == 0
    assert "2 of 12 tuning trials have ended" in (tmp_path / "out" / "report.html").read_text()


def test_what_cannot_be_trained_at_all_ends_with_1(run, tuned, tmp_path):
    result = run("run", tuned, "--tune", f"lr={ABSURD},1e10", "--tune", "seeds=1")
    assert result.code == 1
    assert "4 of 4 tuning trials failed" in result.err
    page = (tmp_path / "runs" / "tuned" / "report.html").read_text()
    assert "failed, so nothing was chosen or trained there" in page
    assert "not trained, all trials of its tuning failed" in page


def test_the_studies_own_commands_tune_too(run, tmp_path):
    quick = ["--no-train", "--cost-model", "rednet-small", "--sizes", "3"]
    result = run("kernel-size", *quick, "--tune", "batch_size=4,8", "--tune", "seeds=1")
    assert result.code == 0, result.err
    out = tmp_path / "runs" / "kernel-size"
    saved = json.loads((out / "run.json").read_text())
    assert saved["studies"][0]["tune"] == {"levels": {"batch_size": [4, 8]}, "seeds": 1}
    assert "\n[tune]\nbatch_size = [4, 8]\nseeds = 1\n" in saved["studies"][0]["source"]
    assert "batch_size" not in saved["studies"][0]["source"].split("[tune]")[0]
    assert '<section id="tuning">' not in (out / "report.html").read_text(), "nothing was trained"


def test_a_plan_counts_the_tuning_and_writes_nothing(run, tuned, tmp_path):
    result = run("plan", "run", tuned, "--set", "seeds=6")
    assert result.code == 0, result.err
    assert result.out.startswith("12 trials of tuning, 0 of them recorded already\nabout ")
    assert "\n12 trials with 6 seeds, 0 of them recorded already\n" in result.out
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["lr"], "--tune lr: must be KEY=VALUES, such as --tune lr=0.03,0.1,0.3"),
        (["lr=0.1"], "--tune lr=0.1: give at least two values to choose from"),
        (["lr=0.1,0"], "--tune lr 0: must be a positive number"),
        (["lr=0.1,0.10"], "--tune lr 0.10: is given twice"),
        (["lr=0.1,0.2", "lr=1,2"], "--tune lr=1,2: is given twice"),
        (["dataset=digits,cifar10"], "--tune dataset=digits,cifar10: allowed: epochs, steps, bat"),
        (["seeds=0", "lr=1,2"], "--tune seeds=0: must be at least 1"),
        (["seeds=2"], "--tune seeds=2: needs a setting to tune, such as --tune lr=0.03,0.1,0.3"),
        (["lr=1,2", "--lr", "0.1"], "--lr 0.1: is also given to --tune; give one of the two"),
        (["lr=1,2", "--split", "validation"], "split validation: is used by [tune]"),
        (["epochs=" + ",".join(map(str, range(1, 52)))], "51 combinations to tune; at mos"),
    ],
)
def test_bad_tuning_is_one_line_and_writes_nothing(run, tmp_path, typed, message):
    options = [text if "=" not in text else f"--tune={text}" for text in typed]
    options = ["--tune=lr"] if typed == ["lr"] else options
    result = run("kernel-size", "--sizes", "3", *options)
    assert result.code == 2 and message in result.err and result.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_tuned_is_not_set_beside_it(run, study):
    file = study('name = "s"\n[axes]\nkernel_size = [3]\n[tune]\nlr = [0.1, 0.2]\n')
    result = run("run", file, "--set", "lr=0.1")
    assert result.err == "involution-ablate: --set lr: is tuned in this study\n"
    result = run("run", file, "--tune", "kernel_size=3,5")
    assert result.code == 2 and result.err.startswith("involution-ablate: --tune kernel_size=3,5: ")
