import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import program
import pytest
import torch
from few_digits import FEW
from PIL import Image
from terminal import on_a_terminal
from torchvision import datasets
from worker_processes import alive, workers

from ablations.records import damage
from ablations.study.shipped_studies import ABLATIONS
from involution_ablate.commands.shared.list_command import spread_lists

QUICK = ("--steps", "2", "--seeds", "2", "--output", "out")
SMALL = ("--cost-model", "rednet-small")
"""Counted in a fraction of a second, where a test does not read the counts of RedNet-50."""


def records(folder):
    return [json.loads(path.read_text()) for path in sorted((folder / "trials").glob("*.json"))]


@pytest.mark.parametrize(
    "typed",
    [
        "--sizes 3 5 7",
        "--sizes 3,5,7",
        "--sizes 3, 5 ,7",
        "--sizes=3,5,7",
        "--sizes 3 --sizes 5 --sizes 7",
        "--sizes 3,5 --sizes=7",
        "--sizes 3 5 7 --",
    ],
)
def test_every_spelling_of_a_list(typed):
    spread = list(spread_lists(["--seeds", "2", *typed.split(" ")], {"--sizes"}))
    expected = ["--seeds", "2", "--sizes", "3", "--sizes", "5", "--sizes", "7"]
    assert spread[:8] == expected
    assert spread[8:] in ([], ["--"])


def test_other_options_may_follow_a_list():
    spread = list(spread_lists(["--forms", "W", "r=4", "--seeds", "1"], {"--forms"}))
    assert spread == ["--forms", "W", "--forms", "r=4", "--seeds", "1"]


def test_a_study_end_to_end(run, tmp_path):
    result = run("kernel-size", "--sizes", "3", "5", *QUICK)
    assert result.code == 0, result.err
    assert result.out.splitlines()[-1] == "out/report.html"
    assert "[4/4] K=5, 16 group channels, r=4, seed 1: Top-1" in result.err
    out = tmp_path / "out"
    written = {"report.html", "run.json", "tables", "timings", "trials"}
    assert {p.name for p in out.iterdir()} == written

    kept = records(out)
    assert [(r["variant"]["kernel_size"], r["seed"]) for r in kept] == [
        (3, 0),
        (3, 1),
        (5, 0),
        (5, 1),
    ]
    for record in kept:
        assert record["top1"] == record["curve"][-1]["top1"]
        assert record["costs"]["params"] > 0 and record["costs"]["operations"]["involution"] > 0
        assert record["environment"]["torch"] == torch.__version__.split("+")[0]
        assert record["settings"]["steps"] == 2

    table = pd.read_csv(out / "tables" / "kernel-size.csv")
    assert table["variant"].tolist() == [3, 5]
    assert table["params"].tolist() == [14_745_446, 15_063_590]
    assert table["published_top1_percent"].tolist() == [76.9, 77.4]
    mean = np.mean([r["top1"] for r in kept[:2]])
    assert table["top1_mean"][0] == pytest.approx(mean)

    before = {path: path.stat().st_mtime_ns for path in (out / "trials").iterdir()}
    page = (out / "report.html").read_bytes()
    again = run("kernel-size", "--sizes", "3", "5", *QUICK)
    assert again.code == 0
    assert again.err.count("% (recorded before)") == 4
    assert {path: path.stat().st_mtime_ns for path in (out / "trials").iterdir()} == before
    assert (out / "report.html").read_bytes() == page


def test_validation_end_to_end(run, tmp_path):
    command = ("kernel-size", "--sizes", "3", "5", *QUICK, *SMALL)
    assert run(*command).code == 0
    (tested, *_) = records(tmp_path / "out")
    result = run(*command, "--split", "validation")
    assert result.code == 0, result.err
    assert "recorded before" not in result.err
    kept = [r for r in records(tmp_path / "out") if r["settings"]["split"] == "validation"]
    assert len(kept) == 4 and tested["settings"]["split"] == "test"
    for record in kept:
        right = record["top1"] * FEW / 100
        assert right == pytest.approx(round(right))
        assert f"{FEW} source images to train on, {FEW} others" in record["data"]
        assert "the test split was not looked at" in record["data"]
    words = "RedNet-small, digits (validation split), 2 steps, 2 seeds"
    assert f"Top-1: {words}" in result.out
    page = (tmp_path / "out" / "report.html").read_text()
    assert f"Top-1 was measured on {words}" in page
    again = run(*command, "--split", "validation")
    assert again.err.count("% (recorded before)") == 4


def test_backends_say_where_they_run_and_why_not(run, monkeypatch):
    from involution_core.backends.native import native_backend as native

    result = run("backends")
    assert result.code == 0
    lines = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    assert list(lines) == ["triton", "native", "shift", "unfold"]
    assert lines["shift"].startswith("runs on cpu")
    if not torch.cuda.is_available():
        assert lines["triton"] == "cannot run: it runs on a CUDA device, not on cpu"
    monkeypatch.setattr(native, "KERNEL", "no compiler")
    assert "native   cannot run: no compiler" in run("backends").out


def test_a_study_says_when_it_runs_without_the_kernel(run, monkeypatch):
    from involution_core.backends.native import native_backend as native

    monkeypatch.setattr(native, "KERNEL", "no compiler")
    result = run("kernel-size", "--sizes", "3", "--steps", "1", "--seeds", "1", *SMALL)
    assert result.code == 0
    assert result.err.startswith("slower backend shift: native cannot run: no compiler\n")


def test_group_channels_and_generators(run, tmp_path):
    result = run("group-channels", "--channels", "4,C", "--steps", "1", "--seeds", "1", *SMALL)
    assert result.code == 0, result.err
    assert result.out.splitlines()[-1] == "runs/group-channels/report.html"
    assert {r["variant"]["group_channels"] for r in records(tmp_path / "runs/group-channels")} == {
        4,
        "C",
    }
    result = run("kernel-generator", "--forms", "W", "r=16", "--steps", "1", "--seeds", "1", *SMALL)
    assert result.code == 0, result.err
    assert "W₁σ(W₀), r = 16" in result.out


def test_all_without_training(run, tmp_path):
    result = run("all", "--no-train", "--output", "out")
    assert result.code == 0, result.err
    out = tmp_path / "out"
    assert not (out / "trials").exists()
    assert {p.name for p in (out / "tables").iterdir()} == {
        f"{study}.{ending}" for study in ABLATIONS for ending in ("csv", "md", "tex")
    }
    page = (out / "report.html").read_text()
    assert page.count("17 layers, all equal") == 12
    assert "Nothing was trained" in page


def test_shared_variants_are_trained_once(run, tmp_path):
    quick = ("--steps", "1", "--seeds", "1", "--output", "out", *SMALL)
    run("kernel-size", "--sizes", "7", *quick)
    result = run("group-channels", "--channels", "16", *quick)
    assert "recorded before" in result.err
    assert len(records(tmp_path / "out")) == 1


def test_image_folder_and_other_networks(run, tmp_path):
    generator = np.random.default_rng(0)
    for split in ("train", "val"):
        for label in "ab":
            folder = tmp_path / "images" / split / label
            folder.mkdir(parents=True)
            for index in range(3):
                pixels = generator.integers(0, 256, (40, 40, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{index}.png")
    result = run("kernel-size", "--sizes", "3", "--steps", "1", "--seeds", "1",
                 "--dataset", f"imagefolder:{tmp_path / 'images'}", "--train-model", "rednet-small",
                 "--cost-model", "rednet26", "--batch-size", "4")  # fmt: skip
    assert result.code == 0, result.err
    (record,) = records(tmp_path / "runs/kernel-size")
    assert "2 classes, cropped to 32x32" in record["data"]


def test_a_home_directory_is_expanded(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(datasets.CIFAR10, "url", "http://127.0.0.1:9/")
    result = run("all", "--dataset", "cifar10", "--data-dir=~/data")
    assert result.code == 2
    assert f"looked for {tmp_path / 'data'}" in result.err


def test_a_broken_image_is_told_before_anything_is_trained_and_can_be_left_out(run, tmp_path):
    pixels = np.zeros((40, 40, 3), dtype=np.uint8)
    for split in ("train", "val"):
        for label in "ab":
            folder = tmp_path / "images" / split / label
            folder.mkdir(parents=True)
            Image.fromarray(pixels).save(folder / "0.png")
            Image.fromarray(pixels).save(folder / os.fsdecode(b"caf\xe9\n.png"))
    broken = tmp_path / "images" / "train" / "a" / "0.png"
    broken.write_bytes(b"")
    command = ("kernel-size", "--sizes", "3", "--steps", "1", "--seeds", "1", "--cost-model",
               "rednet-small", "--dataset", "imagefolder:images", "--workers", "0")  # fmt: skip
    result = run(*command)
    assert result.code == 2
    assert result.err.splitlines() == [
        "involution-ablate: --dataset imagefolder:images: 1 of 8 images cannot be used; mend or "
        "remove them, or leave them out with --skip-bad-images",
        "  images/train/a/0.png: it is empty",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["images"]
    result = run(*command, "--skip-bad-images")
    assert result.code == 0, result.err
    left_out = "3 to train on and 4 to test on, 2 classes, cropped to 32x32 pixels; left out: 1"
    assert left_out in (tmp_path / "runs/kernel-size/report.html").read_text()
    Image.fromarray(pixels).save(broken)
    assert "recorded before" not in run(*command).err
    (tmp_path / "images").rename(tmp_path / "moved")
    assert "recorded before" in run(*command, "--dataset", "imagefolder:moved").err


FAILURE = r"loss became (nan|inf) at step \d of 3|the network's outputs are not finite"


def test_a_trial_that_diverges_is_a_record_and_the_others_go_on(run, tmp_path):
    result = run("kernel-size", "--sizes", "1", "3", "--lr", "1e30", "--steps", "3",
                 "--seeds", "1", "--output", "out", *SMALL)  # fmt: skip
    assert result.code == 1  # not one has a result
    assert "2 of 2 trials failed: see the report" in result.err
    assert result.out.splitlines()[-1] == "out/report.html"
    kept = records(tmp_path / "out")
    assert len(kept) == 2
    for record in kept:
        assert record["top1"] is None
        assert re.match(FAILURE, record["failure"])
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Failed trials" in page and kept[0]["failure"] in page


BAD = [
    ("kernel-size --sizes 4", "--sizes 4: kernel sizes are odd"),
    ("kernel-size --sizes " + "9" * 5000, "kernel sizes are odd"),
    ("kernel-size --sizes 3 -5", "--sizes -5: kernel sizes are odd"),
    ("kernel-size --sizes", "--sizes: give at least one value"),
    ("kernel-size --sizes --seeds 2", "--sizes: give at least one value"),
    ("kernel-size 3 5", "Got unexpected extra arguments"),
    ("group-channels --channels 24", "--channels 24: must divide"),
    ("kernel-generator --forms r=7", "--forms r=7: r must divide"),
    (
        "kernel-generator --forms W2",
        "unknown form; allowed: W, r=N with N a positive integer, attention, module:object",
    ),
    ("all --image-size 7", "--image-size 7: must be an integer of at least 8 and at most 2048"),
    ("all --image-size 0 --no-train", "--image-size 0: must be an integer of at least 8"),
    ("all --output=", "'--output': is empty; name a folder"),
    ("all --dataset mnist", "--dataset mnist: allowed: digits, digits-clutter, cifar10"),
    ("all --split val", "--split val: allowed: test, validation"),
    ("all --dataset imagefolder:", "--dataset imagefolder:: allowed: digits"),
    ("all --dataset imagefolder:/no/where", "/no/where is not a directory"),
    ("all --dataset imagefolder:~no-such-user/x", "~no-such-user/x is not a directory"),
    ("all --data-dir a\x1bb", "--data-dir a\\x1bb: must be a line of text"),
    ("run ~no-such-user/s.toml", "FILE ~no-such-user/s.toml: no such file"),
    ("all --train-model resnet50", "--train-model resnet50: allowed: rednet26"),
    ("all --cost-model vgg", "--cost-model vgg: allowed: rednet26"),
    ("all --seeds 0", "--seeds 0: must be at least 1"),
    ("all --seeds two", "Invalid value for '--seeds': 'two' is not a valid integer"),
    ("all --steps 0", "--steps 0: must be at least 1"),
    ("all --epochs -1", "--epochs -1: must be at least 1"),
    ("all --epochs 1 --steps 1", "--steps 1: give either --epochs or --steps"),
    ("all --batch-size 0", "--batch-size 0: must be at least 1"),
    ("all --lr 0", "--lr 0.0: must be a positive number"),
    ("all --lr nan", "--lr nan: must be a positive number"),
    ("all --device tpu", "--device tpu: allowed: auto, cpu, cuda"),
    ("all --seeds 1" + "0" * 30, "must be at least 1 and at most"),
    ("all --steps 1" + "0" * 30, "must be at least 1 and at most"),
    ("all --output taken", "taken/report.html is in the way: it is not a file"),
    ("all --output " + "x" * 300, "cannot write there (File name too long)"),
    ("all --output \udcff", "is not a name in UTF-8"),
    ("all --dataset imagefolder:\udcff", "is not a name in UTF-8"),
    ("verify --json .", "--json"),
    ("verify --json /proc/proof.json", "--json /proc: cannot write there"),
    ("all --output file", "--output file: file is not a directory"),
    ("all --output file/below", "file is not a directory"),
    ("all --output /proc/nowhere", "--output /proc/nowhere: cannot write there"),
    ("all --colour", "--colour"),
    ("resnets", "resnets"),
    ("verify --json no/proof.json", "--json no/proof.json: no is not a directory"),
]


@pytest.mark.parametrize(("typed", "message"), BAD, ids=[ascii(typed[:60]) for typed, _ in BAD])
def test_bad_input_is_one_line_and_writes_nothing(run, tmp_path, typed, message):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "taken" / "report.html").mkdir(parents=True)
    result = run(*typed.split())
    assert result.code == 2
    assert message in result.err
    assert result.err.startswith("involution-ablate: ") and result.err.count("\n") == 1
    assert result.out == ""
    assert {p.name for p in tmp_path.iterdir()} == {"file", "taken"}
    assert [p.name for p in (tmp_path / "taken").iterdir()] == ["report.html"]
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_cuda_asked_for_and_absent(run, tmp_path):
    result = run("all", "--device", "cuda")
    assert result.code == 2
    assert "--device cuda: no CUDA device is available; allowed here: auto, cpu" in result.err
    assert not any(tmp_path.iterdir())


def test_a_read_only_disk(run, mounted):
    disk = mounted("ro")
    result = run("all", "--output", disk / "out")
    assert result.code == 2
    assert f"--output {disk / 'out'}: cannot write there (Read-only file system)" in result.err
    assert result.err.count("\n") == 1


def test_a_disk_that_fills_up(run, mounted, monkeypatch):
    monkeypatch.setattr(damage, "WAITS", (0.01,))
    disk = mounted("size=16k")
    quick = ("--steps", "1", "--seeds", "1", "--output", disk, *SMALL)
    result = run("kernel-size", "--sizes", "3", *quick)
    assert result.code == 1
    assert "No space left on device" in result.err.splitlines()[-1]
    assert "Traceback" not in result.err
    assert len(records(disk)) == 1
    assert not list(disk.rglob(".*"))


def test_an_interrupt_keeps_what_finished(run, tmp_path):
    command = ("kernel-size", "--sizes", "1", "5", "--seeds", "1", "--steps", "200", "--output",
               "out", *program.TINY)  # fmt: skip
    with program.start(*command, "--jobs", "1", cwd=tmp_path) as process:
        deadline = time.monotonic() + 300
        while not records(tmp_path / "out") and time.monotonic() < deadline:
            time.sleep(0.01)
        started = workers(process.pid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and started and not any(map(alive, started))
    last = err.splitlines()[-1]
    assert last.startswith("involution-ablate: interrupted: 1 of 2 trials are kept in out")
    assert last.endswith("; the same command resumes") and "Traceback" not in err
    assert "Partial: 1 of 2 trials have ended." in out
    assert out.splitlines()[-1] == "out/report.html"
    assert "Partial: 1 of 2" in (tmp_path / "out" / "report.html").read_text()
    again = run(*command, "--jobs", "0")
    assert again.code == 0
    assert again.err.count("% (recorded before)") == 1
    assert len(records(tmp_path / "out")) == 2
    assert "Partial" not in (tmp_path / "out" / "report.html").read_text()
    assert not list((tmp_path / "out" / "checkpoints").glob("*"))


def test_help_needs_no_torch():
    code = (
        "import sys, cli\n"
        "for args in (['--help'], ['kernel-size', '--help'], ['verify', '--help']):\n"
        "    cli.cli.main(args, prog_name='involution-ablate', standalone_mode=False)\n"
        "assert not {'torch', 'pandas', 'matplotlib'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    for option in ("--output", "--seeds", "--no-train", "--cost-model"):
        assert option in text
    assert "[default: 3, 5, 7, 9]" in text
    assert text.count("Example: ") >= 14


def test_progress_is_live_on_a_terminal(tmp_path):
    command = ["kernel-size", "--sizes", "3", "--seeds", "1", "--steps", "100", "--output", "out"]
    code, screen, printed = on_a_terminal([*command, "--jobs", "0", *program.TINY], cwd=tmp_path)
    assert code == 0
    assert re.search(r"trials .*0/1", screen)
    assert re.search(r"K=3, 16 group channels, r=4, seed 0 .*\d+/100 loss \d\.\d+", screen)
    assert "Warning" not in screen
    assert printed.splitlines()[-1] == "out/report.html"
