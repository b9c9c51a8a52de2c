import os
import pickle
import re

import numpy as np
import pytest
import torch
from authors import AuthorsRedNet, checkpoint, drawn
from PIL import Image
from seen import seen
from studies import records
from terminal import on_a_terminal

from ablations.records import weights as weights_file

CLASSES = 6


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Six JPEGs of coarse patterns."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(5)
    for index in range(6):
        coarse = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((320, 270)).save(folder / f"{index}.jpg")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def theirs(pictures):
    images = torch.tensor(np.stack([seen(path, 96) for path in pictures]))
    return drawn(AuthorsRedNet(26, 3, CLASSES), images=images)


@pytest.fixture(scope="module")
def weights(theirs, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "rednet26.pth"
    torch.save(checkpoint(theirs), path)
    return path


@pytest.fixture(scope="module")
def photos(theirs, pictures, tmp_path_factory):
    """The pictures as an image folder: three in the class that the authors' network names first,
    one in its fifth and two in its last."""
    root = tmp_path_factory.mktemp("photos")
    for index in range(CLASSES):
        (root / "val" / f"n{index}").mkdir(parents=True)
    with torch.no_grad():
        scores = theirs(torch.tensor(np.stack([seen(path, 224) for path in pictures])))
    assert scores.isfinite().all()
    order = scores.argsort(descending=True)
    for index, place in enumerate((0, 0, 0, 4, 5, 5)):
        path = root / "val" / f"n{order[index, place]}" / pictures[index].name
        path.write_bytes(pictures[index].read_bytes())
    return root


def test_figures_stand_beside_the_published_ones(run, weights, photos):
    result = run(
        "evaluate", "--model", "rednet26", "--weights", weights,
        "--dataset", f"imagefolder:{photos}", "--batch-size", "4", "--device", "cpu",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert result.err == ""
    lines = result.out.splitlines()
    assert lines[0] == f"rednet26 with the weights of {weights}"
    rows = [re.split(r"\s{2,}", line) for line in lines[3:5]]
    assert rows == [
        ["Top-1 (%)", "50.00", "18.76 to 81.24", "75.96"],
        ["Top-5 (%)", "66.67", "30.00 to 90.32", "93.19"],
    ]
    assert f"measured: 6 images of 6 classes under {photos}/val, shorter side 256," in result.out
    assert "published: the authors' model zoo, ImageNet's validation split, 50,000" in result.out
    assert "not comparable with the published figures" in result.out
    assert re.fullmatch(r"\d+ s on cpu, \d+ images/s", lines[-1])


def test_what_is_left_out_of_the_weights_is_told(run, theirs, tmp_path):
    path = tmp_path / "both.pth"
    torch.save({**checkpoint(theirs), "ema_state_dict": {}, "epoch": 3}, path)
    (tmp_path / "few" / "n0").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "few" / "n0" / "0.png")
    result = run(
        "evaluate", "--model", "rednet26", "--weights", path,
        "--dataset", f"imagefolder:{tmp_path / 'few'}", "--device", "cpu",
    )  # fmt: skip
    told, problem = result.err.splitlines()
    assert told == "weights from 'state_dict'; left out: ema_state_dict"
    assert "has 1 classes, the network 6" in problem


def test_as_many_images_as_imagenets_are_called_comparable(weights, tmp_path):
    from ablations.run.evaluation import Evaluation
    from ablations.run.evaluation_settings import EvaluationSettings
    from reports.screen.evaluation_lines import evaluation_lines

    settings = EvaluationSettings(weights, "imagefolder:/data")
    for images, classes, comparable in (
        (50_000, 1000, True), (49_999, 1000, False), (50_000, 999, False),
    ):  # fmt: skip
        cpu = torch.device("cpu")
        measured = Evaluation(39_175, 47_065, images, classes, tmp_path, cpu, 100.0)
        text = "\n".join(evaluation_lines(settings, measured))
        assert ("comparable if they are the same images" in text) == comparable
        assert ("not comparable" in text) != comparable
    assert "78.35" in text and "94.13" in text


BAD = [
    (
        "--model rednet-small --weights {weights} --dataset {photos}",
        "--model rednet-small: allowed: rednet26, rednet38, rednet50, rednet101, rednet152",
    ),
    ("--weights nowhere.pth --dataset {photos}", "--weights nowhere.pth: is not a file"),
    ("--weights . --dataset {photos}", "--weights .: is not a file"),
    ("--weights {weights}", "is no trial's weights, which name their images; give --dataset"),
    ("--dataset {photos}", "Missing option '--weights'"),
    ("--weights {weights} --dataset digits", "--dataset digits: allowed: imagefolder:PATH"),
    ("--weights {weights} --dataset imagefolder:", "allowed: imagefolder:PATH"),
    ("--weights {weights} --dataset imagefolder:\udcff", "is not a name in UTF-8"),
    ("--weights {weights} --dataset {photos}", "does not fit rednet50: "),
    (
        "--model rednet26 --weights {weights} --dataset imagefolder:/no/where",
        "/no/where is not a directory; expected PATH/val/CLASS",
    ),
    (
        "--model rednet26 --weights {weights} --dataset {empty}",
        "--dataset imagefolder:empty: no images under empty",
    ),
    (
        "--model rednet26 --weights {weights} --dataset {two}",
        "--dataset imagefolder:two: two has 2 classes, the network 6",
    ),
    (
        "--model rednet26 --weights {weights} --dataset {photos} --batch-size 0",
        "--batch-size 0: must be at least 1",
    ),
    (
        "--model rednet26 --weights {weights} --dataset {photos} --device tpu",
        "--device tpu: allowed: auto, cpu, cuda",
    ),
    ("--weights text.pth --dataset {photos}", "--weights text.pth: is not a checkpoint that"),
    ("--weights cut.pth --dataset {photos}", "--weights cut.pth: is not a checkpoint that"),
    ("--weights code.pth --dataset {photos}", "code.pth: asks for posix.mkdir to be loaded"),
    ("--weights pickle.pth --dataset {photos}", "--weights pickle.pth: "),
    (
        "--model rednet26 --weights backbone.pth --dataset {photos}",
        "--weights backbone.pth: holds a backbone without its classifier",
    ),
    (
        "--model rednet26 --weights nan.pth --dataset {photos}",
        "--weights nan.pth: the network's outputs are not finite",
    ),
]


class Code:
    def __reduce__(self):
        return os.mkdir, ("it-ran",)


@pytest.fixture
def broken(theirs, weights, tmp_path):
    """The folder that `run` starts in, with files that are no good."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "class").mkdir()
    for name in "ab":
        (tmp_path / "two" / name).mkdir(parents=True)
        Image.new("RGB", (50, 40)).save(tmp_path / "two" / name / "photo.png")
    (tmp_path / "text.pth").write_text("hello, no checkpoint")
    content = weights.read_bytes()
    (tmp_path / "cut.pth").write_bytes(content[: len(content) // 2])
    torch.save({"state_dict": {"head.fc.bias": Code()}}, tmp_path / "code.pth")
    (tmp_path / "pickle.pth").write_bytes(pickle.dumps({"state_dict": Code()}))
    state = theirs.state_dict()
    torch.save(theirs.backbone.state_dict(), tmp_path / "backbone.pth")
    torch.save({**state, "head.fc.bias": torch.full((CLASSES,), torch.nan)}, tmp_path / "nan.pth")
    return tmp_path


@pytest.mark.parametrize(("typed", "message"), BAD)
def test_bad_input_is_one_line_and_2(run, broken, weights, photos, typed, message):
    places = {
        "weights": weights,
        "photos": f"imagefolder:{photos}",
        "empty": "imagefolder:empty",
        "two": "imagefolder:two",
    }
    result = run("evaluate", *(word.format(**places) for word in typed.split()))
    assert result.code == 2
    assert message in result.err
    assert result.err.startswith("involution-ablate: ") and result.err.count("\n") == 1
    assert result.out == ""
    assert not (broken / "it-ran").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_no_cuda_device_is_one_line(run, weights, photos):
    result = run(
        "evaluate", "--model", "rednet26", "--weights", weights,
        "--dataset", f"imagefolder:{photos}", "--device", "cuda",
    )  # fmt: skip
    assert result.code == 2
    assert "--device cuda: no CUDA device is available" in result.err


def test_progress_is_live_on_a_terminal(weights, photos):
    code, screen, printed = on_a_terminal(
        ["evaluate", "--model", "rednet26", "--weights", weights, "--dataset",
         f"imagefolder:{photos}", "--batch-size", "1"]
    )  # fmt: skip
    assert code == 0
    assert re.search(r"images .*[1-6]/6 ", screen)
    assert "Warning" not in screen
    assert "Top-1 (%)" in printed


@pytest.fixture
def kept(run, tmp_path):
    """The weights of a trial, and its record."""
    quick = ("--steps", "2", "--seeds", "1", "--cost-model", "rednet-small", "--output", "out")
    result = run("kernel-size", "--sizes", "3", "--save-weights", *quick)
    assert result.code == 0, result.err
    (file,) = (tmp_path / "out" / "weights").iterdir()
    (record,) = records(tmp_path / "out")
    return file, record


def test_the_weights_of_a_trial_have_its_top1(run, kept, photos, tmp_path):
    file, record = kept
    result = run("evaluate", "--weights", file, "--device", "cpu")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0] == f"K=3, 16 group channels, r=4, seed 0, with the weights of {file}"
    assert re.split(r"\s{2,}", lines[3])[1] == f"{record['top1']:.2f}"
    assert "handwritten digits" in lines[6]

    other = run("evaluate", "--weights", file, "--dataset", f"imagefolder:{photos}")
    assert other.code == 2
    assert "val has 6 classes, the network 10" in other.err
    for label in range(CLASSES, 10):
        (tmp_path / "ten" / f"n{label}").mkdir(parents=True)
    for folder in (photos / "val").iterdir():
        (tmp_path / "ten" / folder.name).symlink_to(folder)
    result = run("evaluate", "--weights", file, "--dataset", f"imagefolder:{tmp_path / 'ten'}")
    assert result.code == 0, result.err
    assert f"6 images of 10 classes: {tmp_path / 'ten'}" in result.out

    named = run("evaluate", "--weights", file, "--model", "rednet50")
    assert named.code == 2 and "--model rednet50: leave it out" in named.err
    content = torch.load(file, weights_only=True)
    content["state_dict"].popitem()
    torch.save(content, tmp_path / "lacking.pt")
    lacking = run("evaluate", "--weights", tmp_path / "lacking.pt")
    assert lacking.code == 2 and "its checksum does not match its content" in lacking.err
    assert lacking.err.count("\n") == 1
    content[weights_file.FIELD] = weights_file._checksum(content)
    torch.save(content, tmp_path / "lacking.pt")
    lacking = run("evaluate", "--weights", tmp_path / "lacking.pt")
    assert lacking.code == 2 and "its network cannot be built: " in lacking.err
    assert lacking.err.count("\n") == 1
