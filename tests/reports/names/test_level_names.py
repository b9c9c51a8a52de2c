import pytest

from ablations.study.builder import make_study, parse_study
from ablations.study.shipped_studies import ENVELOPE, shipped, shipped_study, with_levels
from reports.names.level_names import (
    axis_name,
    heading,
    level_name,
    level_text,
    series,
    short_heading,
    told_apart,
    variant_names,
    variant_texts,
)


@pytest.mark.parametrize(
    ("axis", "level", "text", "name"),
    [
        ("kernel_size", "7", "7 × 7", "7 × 7"),
        ("kernel_size", "–", "–", "–"),
        ("group_channels", "C", "C", "group channels C"),
        ("generator", "r=4", "W₁σ(W₀), r = 4", "W₁σ(W₀), r = 4"),
        ("generator", "attention", "attention (softmax)", "attention (softmax)"),
        ("generator", "mine:Own", "mine:Own", "mine:Own"),
        ("family", "resnet", "ResNet", "ResNet"),
        ("depth", "26", "26", "depth 26"),
        ("lr", "0.1", "0.1", "learning rate 0.1"),
        ("batch_size", "16", "16", "batches of 16"),
        ("warmup", "5", "5 epochs", "warm-up over 5 epochs"),
        ("warmup", "10%", "10%", "warm-up over 10%"),
        ("accumulate", "8", "8", "8 batches per step"),
        ("precision", "bf16", "bf16", "in bf16"),
        ("dataset", "imagefolder:a, (b)", "imagefolder:a, (b)", "imagefolder:a, (b)"),
    ],
)
def test_a_level_under_its_heading_and_in_running_text(axis, level, text, name):
    assert level_text(axis, level) == text
    assert level_name(axis, level) == name


def test_axes_in_running_text():
    assert [axis_name(axis) for axis in ("lr", "batch_size", "dataset")] == [
        "learning rate", "batch size", "data set",
    ]  # fmt: skip


def test_a_crossed_study_is_drawn_by_its_first_axis():
    axes = {"family": ("resnet", "rednet"), "depth": (26, 38)}
    study = make_study(with_levels(shipped(ENVELOPE), axes))
    together = {
        "ResNet": {"resnet, 26": "26", "resnet, 38": "38"},
        "RedNet": {"rednet, 26": "26", "rednet, 38": "38"},
    }
    assert series(study) == told_apart(study) == together
    assert heading(study) == short_heading(study) == "Family, Depth"
    assert variant_texts(study)["rednet, 38"] == "RedNet · 38"
    assert variant_names(study)["rednet, 38"] == "RedNet · depth 38"


def test_a_study_of_one_axis_is_one_series_with_its_names_beside_the_points():
    study = shipped_study("kernel-generator")
    names = {"W": "W", "r=1": "r = 1", "r=4": "r = 4", "r=16": "r = 16"}
    assert series(study) == told_apart(study) == {"": names}


def test_names_that_are_too_long_to_stand_beside_a_point_go_into_the_legend():
    text = 'name = "l"\nvariants = [{depth = 26}, {depth = 38, lr = 0.05, batch_size = 16}]'
    study = make_study(parse_study(text))
    long = {"26, 0.1, 32": "26 · 0.1 · 32", "38, 0.05, 16": "38 · 0.05 · 16"}
    assert series(study) == told_apart(study) == {"": long}
    study = make_study(parse_study(text.replace("lr = 0.05", "lr = 0.00005")))
    assert list(told_apart(study).values()) == [{"26, 0.1, 32": ""}, {"38, 5e-05, 16": ""}]
    assert short_heading(study) == "Variant"
