import numpy as np
import pytest
import torch
from PIL import Image
from trials import specs

from ablations.study.builder import StudyFile, common_settings, make_study, parse_study
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.data_sets import DataSets
from ablations.training.network import initial_network

CPU = torch.device("cpu")


def study(axes, name="s", **parts):
    return make_study(StudyFile(name, name, axes, **parts))


def test_a_variant_is_trained_as_it_says_and_else_as_the_run_says():
    axes = {"lr": (0.1, 0.2), "steps": (3, 4), "batch_size": (8, 9)}
    (first, *_, last) = specs([study(axes)], TrainSettings(epochs=None, steps=3, batch_size=8))
    assert first.settings == TrainSettings(epochs=None, steps=3, batch_size=8)
    assert last.settings == TrainSettings(epochs=None, steps=4, batch_size=9, lr=0.2)


def test_a_budget_of_its_own_takes_the_place_of_the_runs():
    (variant,) = study({"epochs": (2,)}).variants.values()
    assert variant.training == ()  # the baseline's, and so the run's
    own = Variant(training=(("epochs", 2),))
    assert TrainSettings(epochs=None, steps=5).for_variant(own) == TrainSettings(epochs=2)
    own = Variant(training=(("steps", 5),))
    assert TrainSettings(epochs=2).for_variant(own) == TrainSettings(epochs=None, steps=5)


def test_each_data_set_is_loaded_once(tmp_path):
    for split in ("train", "val"):
        for label in "ab":
            folder = tmp_path / split / label
            folder.mkdir(parents=True)
            Image.fromarray(np.zeros((40, 40, 3), dtype=np.uint8)).save(folder / "0.png")
    images = f"imagefolder:{tmp_path}"
    both = study({"dataset": ("digits", images), "kernel_size": (3, 7)})
    data_sets = DataSets()
    made = specs([both, study({"kernel_size": (3, 5)}, "t")], TrainSettings(), data_sets)
    data = list(map(data_sets.of, made))
    assert len({id(images) for images in data}) == len(data_sets.loaded) == 2
    assert [images.name for images in data] == ["digits"] * 2 + ["imagefolder"] * 2 + ["digits"]
    assert [images.classes for images in data] == [10, 10, 2, 2, 10]


def test_where_images_lie_is_no_part_of_a_records_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for split in ("train", "val"):
        for label in "ab":
            folder = tmp_path / "img" / split / label
            folder.mkdir(parents=True)
            Image.new("RGB", (40, 40)).save(folder / "0.png")

    def record(written):
        train = TrainSettings(dataset=f"imagefolder:{written}")
        (spec,) = specs([study({"kernel_size": (3,)})], train)
        return spec.trial(0).name

    first = record("img")
    assert {record(written) for written in ("~/img", f"{tmp_path}/img/../img")} == {first}
    (tmp_path / "img").rename(tmp_path / "moved")
    assert record("moved") == first
    Image.new("RGB", (40, 40), "white").save(tmp_path / "moved" / "val" / "a" / "0.png")
    assert record("moved") != first


def test_images_that_changed_while_a_run_went_on_are_not_trained_on(tmp_path):
    for split in ("train", "val"):
        for label in "ab":
            folder = tmp_path / split / label
            folder.mkdir(parents=True)
            Image.new("RGB", (40, 40)).save(folder / "0.png")
    train = TrainSettings(dataset=f"imagefolder:{tmp_path}")
    (spec,) = specs([study({"kernel_size": (3,)})], train)
    assert DataSets().unchanged(spec.trial(0)).name == "imagefolder"
    Image.new("RGB", (40, 40), "white").save(tmp_path / "train" / "a" / "0.png")
    with pytest.raises(RuntimeError, match=f"images under {tmp_path}.* changed during the run"):
        DataSets().unchanged(spec.trial(0))


def test_a_trial_without_a_last_batch_of_one_has_a_key_of_its_own():
    keys = [
        specs([study({"kernel_size": (3,)})], TrainSettings(batch_size=size))[0]
        for size in (32, 673)
    ]
    assert [key.data_fingerprint for key in keys] == [
        "digits test 10 32 1347 3600",
        "digits test 10 32 1347 3600 without a last batch of one",
    ]


def run_of(file):
    """The setups of a study's file, as its run makes them."""
    common = {"steps": None, "epochs": None} | common_settings(file)
    train = TrainSettings(**{name: common[name] for name in ("steps", "epochs", "lr")})
    return specs([make_study(file)], train)


def test_equal_training_has_one_record_however_a_study_says_it():
    said_for_all = parse_study("""
        name = "a"
        [axes]
        kernel_size = [3, 7]
        [settings]
        steps = 2
        lr = 0.1
    """)
    said_on_an_axis = parse_study("""
        name = "b"
        [axes]
        lr = [0.2, 0.1]
        kernel_size = [3, 7]
        [settings]
        steps = 2
    """)
    names = [
        {spec.trial(0).name for spec in run_of(file)} for file in (said_for_all, said_on_an_axis)
    ]
    assert names[0] < names[1] and len(names[1]) == 4


def test_a_trial_is_another_when_its_code_changes(write_module):
    (builtin,) = specs([study({"generator": ("W",)})], TrainSettings())
    assert "code" not in builtin.identity
    body = "from involution_core.generators.paper_generators import LinearGenerator as Generator\n"
    names = []
    for text in (body, body + "# changed\n", body):
        write_module("mine_changed", text)
        (spec,) = specs([study({"generator": ("mine_changed:Generator",)})], TrainSettings())
        assert list(spec.identity["code"]) == ["mine_changed:Generator"]
        names.append(spec.trial(0).name)
    assert names[0] == names[2] != names[1]


@pytest.mark.parametrize("seeds", [(0, 0), (0, 1)])
def test_weights_follow_from_the_seed_alone(seeds):
    (spec,) = specs([study({"kernel_size": (3,)})], TrainSettings())
    networks = (initial_network(spec.variant, spec.settings, 10, seed) for seed in seeds)
    first, second = (network.classifier.weight for network in networks)
    assert torch.equal(first, second) == (seeds[0] == seeds[1])
