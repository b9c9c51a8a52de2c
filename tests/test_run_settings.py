"""Settings of a study's file, and what is kept of trials that fail."""

import json

import pytest
from studies import CROSSED, NETWORK, SETTINGS, records, table


def test_settings_of_a_file_may_be_changed_from_outside(run, study, tmp_path):
    file = study(CROSSED)
    result = run("run", file, "--set", "seeds=2", "--set", "weight_decay=0.01")
    assert result.code == 0, result.err
    kept = records(tmp_path / "runs" / "crossed")
    assert len(kept) == 8 and {record["settings"]["weight_decay"] for record in kept} == {0.01}
    page = tmp_path / "runs" / "crossed" / "report.html"
    again = run("run", page, "--set", "epochs=1", "--no-train", "--output", "again")
    assert again.code == 0, again.err
    source = json.loads((tmp_path / "again" / "run.json").read_text())["studies"][0]["source"]
    assert "epochs = 1" in source and "steps" not in source and "seeds = 2" in source


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("seeds", "--set seeds: must be KEY=VALUE"),
        ("seed=1", "--set seed=1: unknown; allowed: cost_model, seeds, "),
        ("seeds=0", "--set seeds=0: must be at least 1"),
        ("lr=0.1", "--set lr: is an axis of this study"),
        ("group_channels=5", "group_channels 5: must divide the channels"),
    ],
)
def test_what_cannot_be_changed_from_outside(run, study, tmp_path, typed, message):
    result = run("run", study(CROSSED), "--set", typed)
    assert result.code == 2 and message in result.err
    assert result.err.count("\n") == 1 and not (tmp_path / "runs").exists()


def test_a_recipe_may_be_varied(run, study, tmp_path):
    text = 'name = "recipe"\n[axes]\noptimizer = ["sgd", "adamw"]\nlabel_smoothing = [0.1, 0]\n'
    result = run("run", study(text))
    assert result.code == 0, result.err
    assert "AdamW · 0" in result.out
    assert len(records(tmp_path / "runs" / "recipe")) == 4


def test_image_sizes_are_counted_and_trained(run, study, tmp_path):
    text = 'name = "sizes"\n[axes]\nimage_size = [32, 48]\n'
    result = run("run", study(text))
    assert result.code == 0, result.err
    found = table(tmp_path / "runs" / "sizes", "sizes")
    at_32, at_48 = found["macs"]
    classifier = 64 * 4 * 10
    assert (at_48 - classifier) * 4 == (at_32 - classifier) * 9
    assert found["trained_macs"].tolist() == [at_32, at_48]


def test_oblong_images_are_counted_height_first(run, study, tmp_path):
    text = 'name = "sizes"\n[axes]\nimage_size = ["38x53", "53x38", 40, "40x40"]\n'
    result = run("run", study(text.replace(', "40x40"', "")), "--no-train")
    assert result.code == 0, result.err
    assert "38×53" in result.out and "40×40" in result.out
    tall, wide, square = table(tmp_path / "runs" / "sizes", "sizes")["macs"]
    assert tall == wide > square
    result = run("run", study(text), "--no-train")
    assert result.code == 2 and result.err.count("\n") == 1


@pytest.mark.parametrize("size", ["38x53", "8x2048"])
def test_oblong_images_are_not_trained_on(run, study, tmp_path, size):
    result = run("run", study(f'name = "sizes"\n[axes]\nimage_size = [32, "{size}"]\n'))
    assert result.code == 2 and result.err.count("\n") == 1
    assert f"{size}: training needs square images; with --no-train oblong" in result.err
    assert not (tmp_path / "runs").exists()
    result = run("kernel-size", "--sizes", "3", "--image-size", size)
    assert result.code == 2 and "with --no-train oblong ones are counted" in result.err


def test_a_failed_trial_keeps_its_traceback(run, study, tmp_path, write_module):
    body = "if self.training:\n            raise KeyError('in the network')\n        "
    write_module("mine_late", NETWORK.replace("return self.class", body + "return self.class"))
    file = study('name = "late"\n[axes]\nfamily = ["mine_late:Net"]\n')
    result = run("run", file)
    assert result.code == 1
    (log, _) = sorted((tmp_path / "runs" / "late" / "logs").iterdir())
    assert log.name.startswith("mine_lateNet-seed0-")
    assert "in forward" in log.read_text() and "KeyError: 'in the network'" in log.read_text()
    assert f"logs/{log.name}" in result.err
    with pytest.raises(KeyError, match="in the network"):
        run("run", file, "--debug")


def test_a_network_that_suits_the_costs_and_not_the_data_is_a_failed_trial(
    run, study, tmp_path, write_module
):
    check = "assert classes == 10, classes\n        "
    picky = NETWORK.replace("self.stem =", check + "self.stem =")
    data = """
import torch
from torch.utils.data import TensorDataset

def two(image_size):
    images = TensorDataset(torch.randn(8, 3, image_size, image_size), torch.arange(8) % 2)
    return images, images
"""
    write_module("mine_picky", picky + data)
    text = 'name = "picky"\n[axes]\nfamily = ["rednet", "mine_picky:Net"]\n'
    result = run("run", study(text, SETTINGS + 'dataset = "mine_picky:two"\n'))
    assert result.code == 1, "one of two"
    (told, reason) = result.err.splitlines()[-2:]
    assert told.startswith("1 of 2 trials failed: see the report, and runs/picky/logs")
    assert reason.startswith("  1 × AssertionError: 2: ") and "seed 0 [logs/mine_pickyNet" in reason
    found = {r["variant"]["family"]: r for r in records(tmp_path / "runs" / "picky")}
    assert found["mine_picky:Net"]["failure"] == "AssertionError: 2"
    assert found["mine_picky:Net"]["costs"] is None and found["rednet"]["failure"] is None
