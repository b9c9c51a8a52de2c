import json
import re

import numpy as np
import pytest
from PIL import Image
from studies import CROSSED, NETWORK, SETTINGS, records, table

from ablations.records.files import sealed
from ablations.study.all_settings import AXES


def test_a_crossed_study_end_to_end(run, study, tmp_path):
    result = run("run", study(CROSSED))
    assert result.code == 0, result.err
    assert result.out.splitlines()[-1] == "runs/crossed/report.html"
    out = tmp_path / "runs" / "crossed"
    trained = {(r["variant"]["kernel_size"], r["settings"]["lr"]) for r in records(out)}
    assert trained == {(3, 0.1), (3, 0.2), (7, 0.1), (7, 0.2)}
    assert table(out, "crossed")["variant"].tolist() == ["3, 0.1", "3, 0.2", "7, 0.1", "7, 0.2"]
    page = (out / "report.html").read_text()
    assert "Windows &#34;against&#34; rates" in page

    again = run("run", out / "report.html")
    assert again.code == 0, again.err
    assert again.err.count("% (recorded before)") == 4
    again = run("run", out, "--output", out)
    assert again.err.count("% (recorded before)") == 4
    elsewhere = run("run", out / "run.json", "--output", "elsewhere")
    assert "recorded before" not in elsewhere.err
    assert [r["top1"] for r in records(tmp_path / "elsewhere")] == [r["top1"] for r in records(out)]

    # The same training, said for all variants in place of on an axis.
    shared = 'name = "shared"\n[axes]\nkernel_size = [7]\n[settings]\nlr = 0.1\n'
    result = run("run", study(shared, SETTINGS.replace("[settings]", "")), "--output", out)
    assert result.err.count("% (recorded before)") == 1
    assert len(records(out)) == 4


def test_a_listed_study_end_to_end(run, study, tmp_path):
    listed = """
    name = "listed"
    [[variants]]
    kernel_size = 3
    width = 16
    [[variants]]
    family = "resnet"
    """
    result = run("run", study(listed), "--output", "out")
    assert result.code == 0, result.err
    values = ["3, 16, rednet", "–, –, resnet"]
    assert table(tmp_path / "out", "listed")["variant"].tolist() == values
    assert {r["variant"]["family"] for r in records(tmp_path / "out")} == {"rednet", "resnet"}


def test_all_runs_again_from_its_report(run, tmp_path):
    quick = ("--steps", "1", "--seeds", "1", "--cost-model", "rednet-small")
    assert run("all", *quick, "--output", "out").code == 0
    trials = len(records(tmp_path / "out"))
    again = run("run", "out/report.html", "--output", "out")
    assert again.code == 0, again.err
    assert again.err.count("% (recorded before)") == trials == 10


def test_what_was_not_trained_is_not_trained_again(run, study, tmp_path):
    assert run("run", study(CROSSED), "--no-train").code == 0
    again = run("run", "runs/crossed/report.html", "--output", "out")
    assert again.code == 0, again.err
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"report.html", "run.json", "tables"}
    plan = run("plan", "run", "out/report.html")
    assert plan.code == 2
    assert plan.err.startswith("involution-ablate: that run trained nothing")


def test_a_plan_of_a_file_writes_nothing(run, study, tmp_path):
    text = 'name = "planned"\n[axes]\nlr = [0.1, 0.2]\n'
    result = run("plan", "run", study(text))
    assert result.code == 0, result.err
    assert result.out.startswith("2 trials with 1 seed, 0 of them recorded already\n")
    assert [p.name for p in tmp_path.iterdir()] == ["study.toml"]
    assert run("plan", "run", study(text + "[axis]\n")).code == 2


def test_data_sets_as_an_axis(run, study, tmp_path):
    for split in ("train", "val"):
        for place, label in enumerate("ab"):
            folder = tmp_path / "images" / split / label
            folder.mkdir(parents=True)
            pixels = np.full((40, 40, 3), 200 * place, dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "0.png")
    result = run(
        "run", study('name = "data"\n[axes]\ndataset = ["digits", "imagefolder:images"]\n')
    )
    assert result.code == 0, result.err
    found = {r["settings"]["dataset"]: r["data"] for r in records(tmp_path / "runs" / "data")}
    assert "2 classes" in found["imagefolder"]
    assert "handwritten digits" in found["digits"]

    (tmp_path / "images").rename(tmp_path / "moved")
    result = run("run", "runs/data/report.html", "--output", "out")
    assert result.code == 2
    assert result.err.startswith(
        "involution-ablate: FILE runs/data/report.html: dataset imagefolder:images: images is not"
    )
    assert not (tmp_path / "out").exists()


def test_a_users_network_and_generator(run, study, tmp_path, write_module):
    write_module("mine_run", NETWORK)
    write_module(
        "mine_span",
        "from involution_core.generators.paper_generators import LinearGenerator as Own\n",
    )
    text = """
    name = "own"
    [[variants]]
    family = "mine_run:Net"
    [[variants]]
    generator = "mine_span:Own"
    [baseline]
    family = "rednet"
    """
    result = run("run", study(text))
    assert result.code == 0, result.err
    out = tmp_path / "runs" / "own"
    assert table(out, "own")["proof"].tolist() == ["two counters", "two counters"]
    assert table(out, "own")["params"].tolist() == [3 * 9 * 32 + 32 + 330, 87_952]
    assert "by two counters" in (out / "report.html").read_text()
    codes = [r["settings"]["code"] for r in records(out)]
    assert {spec for code in codes for spec in code} == {"mine_run:Net", "mine_span:Own"}
    assert run("run", "study.toml").err.count("% (recorded before)") == 2

    write_module("mine_run", NETWORK.replace("relu()", "sigmoid()"))
    changed = run("run", "study.toml")
    assert changed.err.count("% (recorded before)") == 1, "the changed network is trained again"
    assert len(records(out)) == 3


def test_code_that_ends_while_it_is_trained_is_a_failed_trial(run, study, write_module):
    exits = "        assert not self.training or exit(0)\n"
    head, tail = NETWORK.split("        return self")
    write_module(
        "mine_exit", "from sys import exit\n" + head + exits + "        return self" + tail
    )
    result = run("run", study('name = "own"\n[axes]\nfamily = ["mine_exit:Net"]\n'))
    assert result.code == 1
    assert "failed: SystemExit: 0" in result.err
    assert "1 of 1 trials failed" in result.err


APART = f"""{NETWORK}
from itertools import count
import torch
from involution_core import register_macs

@torch.library.custom_op("run_test::same", mutates_args=())
def same(x: torch.Tensor) -> torch.Tensor:
    return x.clone()

calls = count()

@register_macs(same)
def macs(x, *, out_shape):
    return next(calls)

class Apart(Net):
    def forward(self, x):
        return super().forward(same(x))
"""
"""A network whose operator every counter counts otherwise."""


def test_counters_that_disagree_of_what_has_no_closed_form(run, study, write_module):
    write_module("mine_apart", APART)
    result = run(
        "run", study('name = "own"\n[axes]\nfamily = ["mine_apart:Apart"]\n'), "--no-train"
    )
    assert result.code == 1
    assert "the counts differ from FlopCounterMode's: see Verification in the report" in result.err
    assert "closed form" not in result.err


def test_a_last_batch_of_one_image_is_left_out(run, study, tmp_path):
    result = run("run", study('name = "odd"\n[axes]\nkernel_size = [3]\n'), "--set", "batch_size=2")
    assert result.code == 0, result.err
    (record,) = records(tmp_path / "runs" / "odd")
    assert record["images"].endswith("without a last batch of one")


BAD = {
    "levels": (
        CROSSED.replace("[3, 7]", "[\n  3, # odd\n  4,\n]").replace("0.2\n", "0\n"),
        [
            "5: kernel_size 4: kernel sizes are odd and positive; allowed: 1, 3, 5, ... 31",
            "11: lr 0: must be a positive number",
        ],
    ),
    "keys": (
        'name = "A"\ntitle = """a\n[axes]"""\ncolour = 1\n[axes]\nlr = [1]\nseeds = [1]\n',
        [
            "1: name A: must be lower-case letters, digits, - and _, at most 60",
            "2: title must be a line of text",
            "4: colour: unknown; allowed: name, title, axes, variants, baseline, settings, tune",
            f"7: seeds is not an axis; allowed: {', '.join(AXES)}",
        ],
    ),
    "networks": (
        'name = "s"\n[axes]\ngroup_channels = [3, 16]\ngenerator = ["r=4", "r=5"]\n',
        [
            "3: group_channels 3: must divide the channels of every layer of rednet-small; "
            "allowed: 1, 2, 4, 8, 16, 32, C",
            "4: generator r=5: r must divide the channels of every layer of rednet-small; "
            "allowed: 1, 2, 4, 8, 16, 32",
        ],
    ),
    "module": (
        'name = "s"\n[[variants]]\nlr = 1\n[[variants]]\nfamily = "mine_gone:Net"\n',
        [
            "5: family mine_gone:Net: cannot import mine_gone "
            "(ModuleNotFoundError: No module named 'mine_gone')"
        ],
    ),
    "data": (
        'name = "s"\n[axes]\ndataset = ["digits", "imagefolder:gone"]\n',
        [
            "3: dataset imagefolder:gone: gone is not a directory; expected "
            "PATH/train/CLASS/*.jpg and PATH/val/CLASS/*.jpg (or png, bmp, ...)"
        ],
    ),
    "toml": ('name = "s"\n[axes\n', ["2: is not valid TOML: Expected ']' at the end of a table "
             "declaration (column 6)"]),
    "empty": ("", ["1: a study has either [axes] or [[variants]]", "1: name is missing"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_bad_file_is_told_line_by_line_and_writes_nothing(run, tmp_path, kind, ends):
    text, lines = BAD[kind]
    settings = SETTINGS if kind not in ("empty", "toml") else ""
    (tmp_path / "bad.toml").write_bytes((text + settings).replace("\n", ends).encode())
    result = run("run", "bad.toml")
    assert result.code == 2
    assert result.err.splitlines() == [f"involution-ablate: bad.toml:{line}" for line in lines]
    assert result.out == ""
    assert [p.name for p in tmp_path.iterdir()] == ["bad.toml"]


def test_a_byte_order_mark_is_none_of_a_file(run, tmp_path):
    text = 'name = "s"\n[axes]\nlr = [0.1]\n' + SETTINGS
    (tmp_path / "study.toml").write_text(text, encoding="utf-8-sig")
    assert run("run", "study.toml", "--no-train").code == 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.toml", None, "no such file"),
        ("gone", None, "no such file"),
        ("folder.toml", "folder", "holds no run.json; it is no run's folder"),
        ("study.txt", b"", "a study file ends in .toml, a report in .html, .htm, .json"),
        ("bytes.toml", b"\xff\xfe", "cannot be read (UnicodeDecodeError: 'utf-8' codec"),
        ("bytes.html", b"\xff\xfe", "cannot be read as a run: "),
        ("empty.html", b"", "the page embeds no run; it is no report of this program"),
        ("run.json", b"{}", "it holds no run"),
        ("x" * 300 + ".toml", None, "File name too long"),
        ("x" * 300, None, "File name too long"),
    ],
)
def test_what_is_no_study_and_no_report(run, tmp_path, name, content, message):
    if content == "folder":
        (tmp_path / name).mkdir()
    elif content is not None:
        (tmp_path / name).write_bytes(content)
    result = run("run", name)
    assert result.code == 2
    assert result.err.startswith(f"involution-ablate: FILE {name}: ")
    assert message in result.err and result.err.count("\n") == 1


def test_an_edited_report_runs_only_what_its_studies_say(run, study, tmp_path):
    assert run("run", study(CROSSED), "--no-train", "--output", "out").code == 0
    page = (tmp_path / "out" / "report.html").read_text()
    embedded = re.search('id="run">(.*?)</script>', page, re.S)[1]
    (tmp_path / "edited.html").write_text(page.replace("kernel_size = [3, 7]", "lr = [1]"))
    assert "its checksum does not match its content" in run("run", "edited.html").err
    for before, after, message in [
        ("kernel_size = [3, 7]", "kernel_size = [3, 5]", "is not what its file says"),
        ("kernel_size = [3, 7]", "kernel_size = [4]", "kernel_size 4: kernel sizes are odd"),
        ("[axes]", "[axes", "is not valid TOML"),
        ("seeds = 1", "seeds = 1\\nlr = 3", "lr: is an axis; leave it out of [settings]"),
    ]:
        assert before in embedded
        edited = json.dumps(sealed(json.loads(embedded.replace(before, after))))
        (tmp_path / "edited.html").write_text(page.replace(embedded, edited))
        result = run("run", "edited.html")
        assert result.code == 2
        assert result.err.startswith("involution-ablate: FILE edited.html: cannot be read as a run")
        assert message in result.err and result.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_studies_run_again_together_only_with_one_set_of_settings(run, tmp_path):
    quick = ("--no-train", "--cost-model", "rednet-small", "--output", "out")
    assert run("all", *quick).code == 0
    file = tmp_path / "out" / "run.json"
    saved = json.loads(file.read_text())
    source = saved["studies"][1]["source"]
    assert "lr = 0.1" in source
    saved["studies"][1]["source"] = source.replace("lr = 0.1", "lr = 0.2")
    file.write_text(json.dumps(sealed(saved)))
    result = run("run", "out")
    assert result.code == 2
    assert result.err == "involution-ablate: FILE out: its studies differ in their settings\n"


def test_families_of_the_envelope(run, tmp_path):
    quick = ("--no-train", "--cost-model", "rednet-small", "--output", "out")
    result = run("envelope", "--families", "rednet", "resnet", "--depths", "26", "38", *quick)
    assert result.code == 0, result.err
    values = ["rednet, 26", "rednet, 38", "resnet, 26", "resnet, 38"]
    assert table(tmp_path / "out", "envelope")["variant"].tolist() == values


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("envelope --families vgg", "--families vgg: unknown family; allowed: rednet, resnet, att"),
        ("envelope --depths 26,26", "--depths 26: is given twice"),
        ("envelope --families no:Net", "--families no:Net: cannot import no (ModuleNotFoundError"),
        ("envelope --baseline rednet", "--baseline rednet: must be one of: resnet, rednet, attent"),
    ],
)
def test_bad_levels_of_a_shipped_study(run, tmp_path, typed, message):
    result = run(*typed.split())
    assert result.code == 2
    assert message in result.err and result.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
