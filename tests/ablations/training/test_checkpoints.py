"""A trial that is interrupted at any step ends as an undisturbed one: real training, real files."""

from dataclasses import replace

import pytest
import torch
from kept import cuts, flips, spoiled
from trials import CPU, DROPS, IMAGES, NETWORK, specs

from ablations.data.image_sets import DatasetImages
from ablations.records.checkpoints import (
    FileKeeper,
    TrialFiles,
    read_checkpoint,
    write_checkpoint,
)
from ablations.records.damage import Damaged
from ablations.records.weights import read_weights
from ablations.study.builder import StudyFile, make_study
from ablations.study.train_settings import TrainSettings
from ablations.training.data_sets import DataSets
from ablations.training.events import Notice, StepDone
from ablations.training.keeper import TrialPaused
from ablations.training.network import initial_network
from ablations.training.training_state import TrainingState
from ablations.training.trial import run_trial

STEPS = 14
"""An epoch has 6 of them; Top-1 is measured after 4, 7, 11 and 14."""

DRAWS = NETWORK + DROPS + IMAGES


@pytest.fixture
def trial(write_module):
    """Makes a trial of a network that draws from every generator, and its data."""
    write_module("mine_draws", DRAWS)

    def make(**training):
        study = make_study(StudyFile("s", "s", {"family": ("mine_draws:Drops",)}))
        usual = {"epochs": None, "steps": STEPS, "batch_size": 4, "averaging": 0.9, "workers": 0}
        settings = TrainSettings(**(usual | {"dataset": "mine_draws:images"} | training))
        data_sets = DataSets()
        (spec,) = specs([study], settings, data_sets)
        return data_sets.of(spec), spec.trial(3)

    return make


def files(folder, every=10**6):
    return TrialFiles.of(folder, "trial", every, save_weights=True)


def run(data, spec, kept, emit=lambda event: None, stopping=lambda: False):
    keeper = FileKeeper(kept, spec, data, emit, stopping)
    return run_trial(spec, data, keeper, emit)


def result(data, spec, kept, stopping=lambda: False, tell=lambda line: None):
    steps = []

    def emit(event):
        match event:
            case StepDone(_, step, loss):
                steps.append((step, loss))
            case Notice(line):
                tell(line)

    record = run(data, spec, kept, emit, stopping)
    return record, read_weights(kept.weights).state_dict, steps


def at(*looks):
    """Stops at these looks; each step is one, and each batch of a test."""
    count = 0

    def stopping():
        nonlocal count
        count += 1
        return count in looks

    return stopping


def paused(data, spec, kept, look):
    with pytest.raises(TrialPaused):
        run(data, spec, kept, stopping=at(look))


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("training", [
    {}, {"optimizer": "adamw", "averaging": 0.0}, {"accumulate": 2, "batch_size": 2},
    {"precision": "bf16"}, {"precision": "fp16"},
])  # fmt: skip
def test_a_trial_goes_on_to_the_same_bits(trial, tmp_path, training):
    data, made = trial(**training)
    record, weights, steps = result(data, made, files(tmp_path / "undisturbed"))
    assert len(steps) == STEPS and record.failure is None
    kept = files(tmp_path / "disturbed")
    for look in (1, 4, 1, 2):  # after step 1, in the test behind step 4, in it again, after step 5
        paused(data, made, kept, look)
    assert read_checkpoint(kept.checkpoint)["state"]["step"] == 5
    again, again_weights, rest = result(data, made, kept)
    assert again.curve == record.curve and again.top1 == record.top1
    assert same(weights, again_weights)
    assert rest == steps[5:]


def test_a_checkpoint_holds_the_scale_of_a_loss_in_fp16(trial, tmp_path):
    data, made = trial(precision="fp16")
    kept = files(tmp_path)
    paused(data, made, kept, 3)
    state = read_checkpoint(kept.checkpoint)["state"]
    network = initial_network(made.variant, made.settings, data.classes, 3)
    restored = TrainingState(network, made.settings, CPU, STEPS)
    restored.restore(state)
    assert restored.stepper.scaler.state_dict() == state["scaler"]
    assert state["scaler"]["_growth_tracker"] == restored.step == 3


def test_checkpoints_are_written_now_and_then(trial, tmp_path):
    data, made = trial()
    kept = files(tmp_path, every=0.0)
    seen = []

    def emit(event):
        if isinstance(event, StepDone):
            seen.append(kept.checkpoint.exists())

    run(data, made, kept, emit)
    assert seen == [False] + [True] * (STEPS - 1)
    assert read_checkpoint(kept.checkpoint)["state"]["step"] == STEPS
    other = files(tmp_path / "long")
    run(data, made, other)
    assert not other.checkpoint.exists(), "a short trial writes none"


def test_seconds_add_up(trial, tmp_path):
    data, made = trial()
    kept = files(tmp_path)
    paused(data, made, kept, 2)
    state = read_checkpoint(kept.checkpoint)
    write_checkpoint(kept.checkpoint, {**state, "seconds": 1000.0})
    record, *_ = result(data, made, kept)
    assert 1000 < record.seconds < 1100


def flipped(content):
    return content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-1], flipped, lambda content: b"", lambda content: b"x" * 99],
)
def test_a_damaged_checkpoint_is_set_aside(trial, tmp_path, damage):
    data, made = trial()
    kept = files(tmp_path)
    paused(data, made, kept, 5)
    kept.checkpoint.write_bytes(damage(kept.checkpoint.read_bytes()))
    told = []
    record, _, steps = result(data, made, kept, tell=told.append)
    assert len(steps) == STEPS and record.failure is None
    assert [path.name for path in kept.checkpoint.parent.iterdir()] == ["trial.pt.corrupt"]
    (line,) = told
    assert line.startswith(f"{kept.checkpoint} is damaged (its checksum does not match its content")
    assert line.endswith("is set aside as trial.pt.corrupt, and its trial starts again")


@pytest.fixture
def written(trial, tmp_path):
    """A checkpoint and the weights of a trial."""
    data, made = trial()
    kept = files(tmp_path)
    paused(data, made, kept, 5)
    run(data, made, files(tmp_path / "whole"))
    return kept.checkpoint, files(tmp_path / "whole").weights


def check_damage(written, many):
    """No damaged file is read as something else."""
    checkpoint, weights = written
    good, good_weights = checkpoint.read_bytes(), weights.read_bytes()
    for content in (*cuts(good, many), *flips(good, many), *spoiled(good)):
        checkpoint.write_bytes(content)
        if content != good:
            with pytest.raises(Damaged, match="is damaged"):
                read_checkpoint(checkpoint)
    known = read_weights(weights)
    for content in (*cuts(good_weights, many), *flips(good_weights, many), *spoiled(good_weights)):
        weights.write_bytes(content)
        try:
            found = read_weights(weights)
        except ValueError as error:
            assert "\n" not in str(error)
        else:
            assert found is None or is_same(found, known), (
                "a bit of the archive, not of its content"
            )


def is_same(one, other):
    plain = [replace(found, state_dict={}) for found in (one, other)]
    return plain[0] == plain[1] and same(one.state_dict, other.state_dict)


def test_damaged_checkpoints_and_weights_are_noticed(written):
    check_damage(written, 20)


@pytest.mark.torture
def test_checkpoints_and_weights_damaged_at_any_place_are_noticed(written):
    check_damage(written, 1000)


def test_weights_with_another_bit_are_refused(written):
    _, weights = written
    content, known = weights.read_bytes(), read_weights(weights)
    place = content.index(known.state_dict["classifier.bias"].numpy().tobytes())
    weights.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    with pytest.raises(ValueError, match="its checksum does not match its content"):
        read_weights(weights)


def test_a_checkpoint_of_another_network_is_set_aside(trial, tmp_path):
    data, made = trial()
    kept = files(tmp_path)
    paused(data, made, kept, 5)
    content = read_checkpoint(kept.checkpoint)
    content["state"]["network"]["stem.bias"] = torch.zeros(5)
    write_checkpoint(kept.checkpoint, content)
    record, weights, steps = result(data, made, kept)
    assert [step for step, _ in steps] == list(range(1, STEPS + 1))
    assert kept.checkpoint.with_name("trial.pt.corrupt").exists()
    undisturbed, its_weights, _ = result(data, made, files(tmp_path / "undisturbed"))
    assert undisturbed.curve == record.curve and same(weights, its_weights)


def test_what_other_versions_have_begun_begins_anew(trial, tmp_path):
    data, made = trial()
    kept = files(tmp_path)
    paused(data, made, kept, 5)
    content = read_checkpoint(kept.checkpoint)
    write_checkpoint(kept.checkpoint, content | {"environment": {"torch": "1"}})
    assert len(result(data, made, kept)[2]) == STEPS


def test_no_code_in_a_checkpoint_is_run(tmp_path):
    class Code:
        def __reduce__(self):
            return (tmp_path / "it-ran").touch, ()

    path = tmp_path / "trial.pt"
    write_checkpoint(path, {"state": Code()})
    with pytest.raises(Damaged):
        read_checkpoint(path)
    assert not (tmp_path / "it-ran").exists()


class Squares(torch.utils.data.Dataset):
    """Eleven images that are drawn when they are read."""

    def __init__(self):
        self.read = []

    def __len__(self):
        return 11

    def __getitem__(self, place):
        self.read.append(place)
        return torch.rand(3, 8, 8) + place, place % 2


@pytest.mark.parametrize("workers", [0, 1])
def test_an_epoch_goes_on_in_its_middle(workers):
    images = Squares()
    data = DatasetImages("d", "test", 2, 8, "", images, images, 11, 11, "", workers)
    whole = list(data.train_epoch(1, 2, 4))
    assert len(whole) == 3
    images.read.clear()
    for skip in range(4):
        rest = list(data.train_epoch(1, 2, 4, skip))
        assert len(rest) == 3 - skip
        for (one, label), (other, its) in zip(whole[skip:], rest, strict=True):
            assert torch.equal(one, other) and torch.equal(label, its)
    if not workers:
        assert len(images.read) == 11 + 7 + 3, "what is skipped is not read"
