import re
import textwrap

import pytest
from finished import make_run

from ablations.records.run_file import save_run
from ablations.run.planner import spread_of

QUICK = ["--steps", "2", "--output", "out", "--cost-model", "rednet-small"]


def test_a_plan_counts_times_and_writes_nothing(run, tmp_path):
    result = run("plan", "kernel-size", "--sizes", "3", "7", "--seeds", "8", *QUICK)
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0] == "16 trials with 8 seeds, 0 of them recorded already"
    assert re.match(r"about \d+ s of training and testing on this machine", lines[1])
    read = (
        r"images are read at [\d,]+ a second in a trial's own process, the fastest network takes "
    )
    assert re.match(read, lines[2])
    assert re.match(r"\d\d MiB of tensors", lines[3])
    assert re.match(r"kernel-size: a true difference of 1\.\d\d times the spread", lines[4])
    assert list(tmp_path.iterdir()) == []


def test_a_crossed_study_says_what_its_further_questions_need(run):
    result = run("plan", "envelope", "--families", "rednet", "resnet", "--depths", "26", "38",
                 "--seeds", "1", *QUICK)  # fmt: skip
    assert result.code == 0, result.err
    assert result.out.splitlines()[0] == "4 trials with 1 seed, 0 of them recorded already"
    assert (
        "envelope, seeds at least: 6 for averages of family, 6 for averages of depth, "
        "6 for interactions, 8 for dominance"
    ) in result.out


@pytest.mark.parametrize("split", ["test", "validation"])
def test_what_is_recorded_is_not_planned_again(run, split):
    judged = (*QUICK, "--split", split)
    assert run("kernel-size", "--sizes", "3", "7", "--seeds", "2", *judged).code == 0
    result = run("plan", "kernel-size", "--sizes", "3", "7", "--seeds", "3", *judged)
    assert "6 trials with 3 seeds, 4 of them recorded already" in result.out
    assert "3 seeds; for any verdict at least 6 are needed" in result.out


def test_the_spread_is_typed_or_taken_from_a_run(run, tmp_path):
    differences = [2.0, -2.0, 4.0]
    earlier = make_run(tmp_path / "done", "kernel-size",
                       {"3": [50 + d for d in differences], "7": [50.0] * 3})  # fmt: skip
    save_run(earlier)
    assert spread_of(earlier) == pytest.approx(3.0550505)
    command = ["plan", "kernel-size", "--sizes", "3", "7", "--seeds", "8", *QUICK]
    taken = run(*command, "--records", "done").out.splitlines()
    assert "spread of the paired differences over seeds: 3.1 points" in taken
    typed = run(*command, "--spread", "3.0550505").out.splitlines()
    assert taken[4:] == typed[4:]
    assert re.match(r"kernel-size: a true difference of \d\.\d points is found with", typed[5])


SLOW = """
import time
import torch

class Images(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, place):
        if place > 3:
            raise IndexError
        time.sleep(0.5)
        return torch.zeros(3, 8, 8), place % 2

def slow(image_size):
    return Images(), Images()
"""


def test_images_that_are_read_slowly_are_said_and_counted(run, tmp_path):
    (tmp_path / "mine.py").write_text(SLOW)
    study = """
        name = "slow"
        title = "Slow images"
        [axes]
        kernel_size = [3]
        [settings]
        dataset = "mine:slow"
        cost_model = "rednet-small"
        batch_size = 4
        seeds = 1
        steps = 500
    """
    (tmp_path / "study.toml").write_text(textwrap.dedent(study))
    result = run("plan", "run", "study.toml", "--workers", "0", "--jobs", "1")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert re.search(r"read at 2 a second .*; more --workers would help", lines[2])
    minutes = int(re.match(r"about (\d+) min", lines[1])[1])
    assert 16 < minutes < 40  # 2,000 images, two a second


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--spread", "0"], "--spread 0.0: must be a positive number of points"),
        (["--spread", "nan"], "--spread nan: must be a positive number of points"),
        (["--records", "gone"], "--records gone: no such file"),
        (["--spread", "1", "--records", "gone"], "give either --spread or --records"),
        (["--seeds", "0"], "--seeds 0: must be at least 1"),
        (["--no-train"], "No such option"),
    ],
)
def test_bad_input_is_one_line(run, tmp_path, arguments, message):
    result = run("plan", "kernel-size", *QUICK, *arguments)
    assert result.code == 2 and message in result.err and result.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_equal_runs_have_no_spread_to_take(run, tmp_path):
    save_run(make_run(tmp_path / "done", "kernel-size", {"3": [50.0, 50.0], "7": [50.0, 50.0]}))
    result = run("plan", "kernel-size", *QUICK, "--records", "done")
    assert result.code == 2 and "its trials show no spread over seeds" in result.err


def test_a_margin_is_planned_too(run):
    command = ["plan", "kernel-size", "--sizes", "3", "7", *QUICK, "--margin", "0.5"]
    known = run(*command, "--seeds", "8", "--spread", "0.4").out
    found = re.search(
        r"kernel-size: a variant that truly equals the baseline is called no worse by more than "
        r"0\.5 points with a chance of (\d+)%, equivalent with (\d+)%; 80% to be called no worse "
        r"take a margin of 0\.[45] points",
        known,
    )
    assert found and int(found[2]) <= int(found[1]) <= 100
    few = run(*command, "--seeds", "4", "--spread", "0.4").out
    assert "kernel-size: 4 seeds; to call a variant no worse at least 5 are needed" in few
    unknown = run(*command, "--seeds", "8").out
    assert re.search(r"with a chance of 80% at a margin of 1\.\d\d times the spread", unknown)
    assert "the chance at 0.5 points needs a spread" in unknown


def test_a_margin_is_a_positive_number_of_points(run):
    result = run("plan", "kernel-size", *QUICK, "--margin", "0")
    assert result.code == 2 and "--margin 0.0: must be a positive number" in result.err


def test_without_a_study_the_commands_are_listed(run):
    result = run("plan")
    assert result.code == 0 and "kernel-size" in result.out and result.err == ""
