import dataclasses
import re

import pytest

from ablations.costs.published import ablation, published_row
from ablations.errors import SettingError
from ablations.run.validation import mismatches
from ablations.study.builder import StudyFile, make_study
from ablations.study.run_settings import RunSettings
from ablations.study.shipped_studies import ABLATIONS, ENVELOPE, shipped, shipped_study
from ablations.study.study import distinct_variants
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant, architecture_of, make_variant
from involution_core.networks.architectures import ARCHITECTURES

BOTH = RunSettings("out", "rednet50", 1, TrainSettings())


def test_the_studies_are_the_papers_tables_in_their_order():
    values = [(name, value) for name in ABLATIONS for value in shipped_study(name).variants]
    assert values == list(ablation())


def test_values_become_variants():
    assert shipped_study("kernel-size", ["3"]).variants == {"3": Variant(3, 16, "r=4")}
    assert shipped_study("group-channels", ["C"]).variants == {"C": Variant(7, "C", "r=4")}
    forms = shipped_study("kernel-generator", ["W", "attention"])
    assert forms.variants == {"W": Variant(7, 16, "W"), "attention": Variant(7, 16, "attention")}


def test_the_envelope_is_every_family_at_every_depth():
    study = make_study(shipped(ENVELOPE))
    assert study.crossed and study.baseline == "resnet, 50"
    networks = {architecture_of("rednet50", v).name for v in study.variants.values()}
    assert networks == {f"{f}{d}" for f in ("rednet", "resnet") for d in (26, 38, 50, 101, 152)}
    assert study.variants["attention, 26"] == Variant(generator="attention", depth=26)


def test_slugs_differ_wherever_shipped_variants_do():
    studies = [shipped_study(name) for name in (*ABLATIONS, ENVELOPE)]
    variants = distinct_variants(studies)
    assert len({variant.slug for variant in variants}) == len(variants) == 25


def test_a_slug_is_fit_for_a_file():
    assert make_variant({"family": "größe.module:Class"}).slug == "gre.moduleClass"
    assert len(make_variant({"generator": "m:" + "x" * 300}).slug) == 80


def test_what_a_family_has_no_use_for_is_left_out():
    levels = {"kernel_size": 9, "generator": "W", "depth": 26}
    assert make_variant({**levels, "family": "resnet"}) == Variant(family="resnet", depth=26)
    attention = make_variant({**levels, "family": "attention"})
    assert attention == Variant(9, 16, "attention", depth=26)


def test_a_depth_keeps_the_kind_of_images():
    small = architecture_of("rednet-small", Variant(family="resnet", depth=26, width=32))
    assert small == dataclasses.replace(
        ARCHITECTURES["resnet26-small"], name="resnet26-small-w32", width=32
    )
    assert architecture_of("rednet26", Variant(depth=152)) is ARCHITECTURES["rednet152"]
    assert architecture_of("rednet26", Variant(width=64)) is ARCHITECTURES["rednet26"]


def test_the_papers_rows_are_found_by_what_the_network_is():
    rednet50 = ARCHITECTURES["rednet50"]
    assert published_row(Variant(3), rednet50).params_m == "14.7"
    assert published_row(Variant(depth=50, generator="W"), rednet50).params_m == "18.1"
    assert published_row(Variant(3, 4), rednet50) is None
    assert published_row(Variant(3), ARCHITECTURES["rednet26"]) is None
    assert published_row(Variant(family="resnet"), rednet50) is None


@pytest.mark.parametrize(
    ("study", "values", "message"),
    [
        ("kernel-size", ["4"], "size 4: kernel sizes are odd and positive; allowed: 1, 3, 5"),
        ("kernel-size", ["0"], "size 0: kernel sizes are odd and positive"),
        ("kernel-size", ["-3"], "size -3: kernel sizes are odd and positive"),
        ("kernel-size", ["3.0"], "size 3.0: kernel sizes are odd and positive"),
        ("kernel-size", ["33"], "size 33: the kernel size is too large"),
        ("kernel-size", ["3", "03"], "size 03: is given twice"),
        ("kernel-size", [], "size .nothing.: give at least one value"),
        ("group-channels", ["0"], "channels 0: allowed: positive integers, and C"),
        ("group-channels", ["all"], "channels all: allowed: positive integers, and C"),
        ("kernel-generator", ["V"], "generator V: unknown form; allowed: W, r=N with N .*, atten"),
        ("kernel-generator", ["attention", "attention"], "generator attention: is given twice"),
        ("kernel-generator", ["r=0"], "generator r=0: unknown form"),
    ],
)
def test_values_that_cannot_be(study, values, message):
    with pytest.raises(SettingError, match=message):
        shipped_study(study, values)


@pytest.mark.parametrize(
    ("study", "value", "message"),
    [
        ("group-channels", "24", "must divide .* rednet-small; allowed: 1, 2, 4, 8, 16, 32, C"),
        ("group-channels", "64", "must divide .* rednet-small; allowed: 1, 2, 4, 8, 16, 32, C"),
        ("kernel-generator", "r=3", "r must divide .* rednet-small; allowed: 1, 2, 4, 8, 16, 32"),
    ],
)
def test_values_that_do_not_divide(study, value, message):
    (mismatch,) = mismatches(shipped_study(study, [value]), BOTH)
    assert str(mismatch.level) == value
    assert re.match(message, mismatch.problem)


@pytest.mark.parametrize(
    ("width", "model", "axis", "message"),
    [
        (
            24,
            "rednet-small",
            "group_channels",
            "must divide .* rednet-small-w24; allowed: 1, 2, 3,",
        ),
        (48, "rednet26", "width", "must be a multiple of 32 in rednet26-w48"),
    ],
)
def test_widths_that_do_not_fit(width, model, axis, message):
    study = make_study(StudyFile("s", "s", {"width": (32, width)}))
    (mismatch,) = mismatches(study, RunSettings("out", model, train=TrainSettings()))
    assert mismatch.axis == axis and re.match(message, mismatch.problem)


def test_what_is_shipped_fits():
    for name in (*ABLATIONS, ENVELOPE):
        assert mismatches(make_study(shipped(name)), BOTH) == []
