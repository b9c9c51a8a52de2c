import numpy as np
import pytest
import torch
from PIL import Image
from trials import setups

from ablations.study.builder import StudyFile, common_settings, make_study, parse_study
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.trial import Trial

CPU = torch.device("cpu")


def study(axes, name="s", **parts):
    return make_study(StudyFile(name, name, axes, **parts))


def test_a_variant_is_trained_as_it_says_and_else_as_the_run_says():
    axes = {"lr": (0.1, 0.2), "steps": (3, 4), "batch_size": (8, 9)}
    (first, *_, last) = setups([study(axes)], TrainSettings(epochs=None, steps=3, batch_size=8))
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
    made = setups([both, study({"kernel_size": (3, 5)}, "t")], TrainSettings())
    assert len({id(setup.data) for setup in made}) == 2
    assert [setup.data.name for setup in made] == ["digits"] * 2 + ["imagefolder"] * 2 + ["digits"]
    assert [setup.network(0).classifier.out_features for setup in made] == [10, 10, 2, 2, 10]


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
        (setup,) = setups([study({"kernel_size": (3,)})], train)
        return setup.key(CPU, 0).stem(3)

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
    (setup,) = setups([study({"kernel_size": (3,)})], train)
    trial = Trial(setup.variant, setup.settings, 0, "cpu", (), setup.data.fingerprint)
    assert trial.setup({}).key(CPU, 0) == setup.key(CPU, 0)
    Image.new("RGB", (40, 40), "white").save(tmp_path / "train" / "a" / "0.png")
    with pytest.raises(RuntimeError, match=f"images under {tmp_path}.* changed while the run"):
        trial.setup({})


def test_a_trial_without_a_last_batch_of_one_has_a_key_of_its_own():
    keys = [
        setups([study({"kernel_size": (3,)})], TrainSettings(batch_size=size))[0].key(CPU)
        for size in (32, 673)
    ]
    assert [key.data for key in keys] == [
        "digits test 10 32 1347 3600",
        "digits test 10 32 1347 3600 without a last batch of one",
    ]


def run_of(file):
    """The setups of a study's file, as its run makes them."""
    common = {"steps": None, "epochs": None} | common_settings(file)
    train = TrainSettings(**{name: common[name] for name in ("steps", "epochs", "lr")})
    return setups([make_study(file)], train)


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
        {setup.key(CPU, 0).stem(3) for setup in run_of(file)}
        for file in (said_for_all, said_on_an_axis)
    ]
    assert names[0] < names[1] and len(names[1]) == 4


def test_a_trial_is_another_when_its_code_changes(write_module):
    (builtin,) = setups([study({"generator": ("W",)})], TrainSettings())
    assert "code" not in builtin.identity()
    body = "from involution_core.generators import LinearGenerator as Generator\n"
    (setup,) = setups([study({"generator": ("mine_changed:Generator",)})], TrainSettings())
    names = []
    for text in (body, body + "# changed\n", body):
        write_module("mine_changed", text)
        assert list(setup.identity()["code"]) == ["mine_changed:Generator"]
        names.append(setup.key(CPU, 0).stem(3))
    assert names[0] == names[2] != names[1]


@pytest.mark.parametrize("seeds", [(0, 0), (0, 1)])
def test_weights_follow_from_the_seed_alone(seeds):
    (setup,) = setups([study({"kernel_size": (3,)})], TrainSettings())
    first, second = (setup.network(seed).classifier.weight for seed in seeds)
    assert torch.equal(first, second) == (seeds[0] == seeds[1])
