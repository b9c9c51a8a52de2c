from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from ablations.data.digits import TASKS, digits
from ablations.errors import TrialFailed
from ablations.study.train_settings import TrainSettings
from ablations.training import loop
from ablations.training import training_state as losses_module
from ablations.training.keeper import Keeper
from ablations.training.loop import curve_steps, top1, total_batches, total_steps, train
from ablations.training.recipe import learning_rate, warm_up_steps
from ablations.training.step import Stepper
from involution_core import build_network

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data():
    """The digits, each to be tested on placed twice in place of eight times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS, "digits", replace(TASKS["digits"], placements=2))
        return digits()


def trained(data, seed=0, **settings):
    torch.manual_seed(seed)
    network = build_network("rednet-small", kernel_size=3)
    losses = []
    curve = train(
        network,
        data,
        TrainSettings(**{"epochs": None, "steps": 12, **settings}),
        seed,
        CPU,
        lambda step, loss: losses.append(loss),
    )
    return network, curve, losses


def test_the_same_command_gives_the_same_bits(data):
    first, first_curve, first_losses = trained(data)
    second, second_curve, second_losses = trained(data)
    assert first_losses == second_losses
    assert first_curve == second_curve
    for key, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[key]), key
    assert trained(data, seed=1)[2] != first_losses


def test_training_learns(data):
    _, curve, losses = trained(data, steps=86, lr=0.1)
    assert losses[-1] < losses[0]
    assert [epoch.steps for epoch in curve] == [22, 43, 65, 86]
    assert [epoch.epoch for epoch in curve] == [1, 1, 2, 2]
    assert curve[-1].top1 > 15


def test_curve_ends_with_the_last_step(data):
    network, curve, _ = trained(data, steps=50)
    assert [epoch.steps for epoch in curve] == [13, 25, 38, 50]
    assert curve[-1].top1 == top1(network, data.test_batches(256), CPU)


def test_a_curve_is_measured_on_one_view_before_its_last_point(data, monkeypatch):
    tested = []

    def watched(network, batches, *args):
        batches = list(batches)
        tested.append(sum(len(labels) for _, labels in batches))
        return top1(network, batches, *args)

    monkeypatch.setattr(loop, "top1", watched)
    trained(data, steps=4)
    assert tested == [450, 450, 450, 900] == [data.curve_size] * 3 + [data.test_size]
    (first, *_) = data.test_batches(450)
    (curve,) = data.curve_batches(450)
    assert all(map(torch.equal, first, curve))


def test_epochs_and_steps(data):
    assert total_steps(TrainSettings(epochs=2, batch_size=1000), data) == 4
    assert total_steps(TrainSettings(epochs=None, steps=5), data) == 5
    several = TrainSettings(epochs=2, batch_size=100, accumulate=4)
    assert (total_steps(several, data), total_batches(several, data)) == (8, 28)
    begun = TrainSettings(epochs=None, steps=5, batch_size=100, accumulate=4)
    assert total_batches(begun, data) == 14 + 4


def test_the_optimiser_follows_the_rate(data, monkeypatch):
    rates = []
    real = torch.optim.SGD.step

    def watched(self, *args):
        (group,) = self.param_groups
        rates.append(group["lr"])
        assert (group["momentum"], group["nesterov"]) == (0.9, True)
        return real(self, *args)

    monkeypatch.setattr(torch.optim.SGD, "step", watched)
    trained(data, steps=5, lr=0.2)
    assert rates == [learning_rate(step, 5, 0.2, 1) for step in range(5)]


def test_top1_is_measured_in_eval_mode_and_leaves_training_mode(data):
    class Guess(torch.nn.Module):
        def forward(self, x):
            assert not self.training
            return torch.nn.functional.one_hot(torch.zeros(len(x), dtype=torch.long), 10)

    network = Guess().train()
    zeros = sum(int((labels == 0).sum()) for _, labels in data.test_batches(256))
    assert top1(network, data.test_batches(256), CPU) == 100 * zeros / data.test_size
    assert network.training


def test_rate_warms_up_and_falls_to_zero():
    rates = [learning_rate(step, 100, 0.5, 10) for step in range(100)]
    assert rates[0] == pytest.approx(0.05)
    assert max(rates) == rates[9] == 0.5
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 1e-3
    assert learning_rate(0, 1, 0.5, 1) == 0.5


def test_rate_rises_from_a_share_of_its_peak():
    rates = [learning_rate(step, 100, 0.8, 10, 0.25) for step in range(100)]
    assert rates[:10] == pytest.approx([0.2 + 0.06 * (step + 1) for step in range(10)])
    assert rates[10:] == [learning_rate(step, 100, 0.8, 10) for step in range(10, 100)]


@pytest.mark.parametrize(
    ("warmup", "steps"), [("10%", 13), ("0%", 1), ("5", 50), ("0", 1), ("2.5%", 3)]
)
def test_a_warm_up_is_a_share_or_epochs(warmup, steps):
    assert warm_up_steps(TrainSettings(warmup=warmup), 130, 10) == steps


def test_a_loss_that_is_not_finite_ends_the_trial(data):
    with pytest.raises(TrialFailed, match=r"loss became (nan|inf) at step \d+ of 12"):
        trained(data, lr=1e30)


def test_every_variant_sees_the_same_data(data, monkeypatch):
    seen = []
    real = data.train_epoch

    def watched(seed, epoch, batch_size, skip):
        for images, labels in real(seed, epoch, batch_size, skip):
            seen.append((images.sum().item(), labels.tolist()))
            yield images, labels

    monkeypatch.setattr(data, "train_epoch", watched)
    for options in ({"kernel_size": 3}, {"kernel_size": 1, "generator": "W"}):
        network = build_network("rednet-small", **options)
        train(network, data, TrainSettings(epochs=None, steps=3), 0, CPU)
    assert seen[:3] == seen[3:]


@pytest.mark.parametrize("change", [{"optimizer": "adamw"}, {"momentum": 0.5},
                                    {"weight_decay": 0.1}, {"label_smoothing": 0.0},
                                    {"decayed": "weights", "weight_decay": 0.1}])  # fmt: skip
def test_every_part_of_the_recipe_changes_training(data, change):
    assert trained(data, steps=3, **change)[2] != trained(data, steps=3)[2]


def test_a_budget_below_the_points_is_tested_after_every_step():
    assert curve_steps(1) == {1} and curve_steps(3) == {1, 2, 3} and curve_steps(8) == {2, 4, 6, 8}


def test_averaged_weights_are_tested_and_train_nothing(data):
    plain, averaged = trained(data), trained(data, averaging=0.9)
    assert plain[2] == averaged[2], "the losses of training"
    assert plain[1][-1].top1 != averaged[1][-1].top1


def test_outputs_that_are_not_finite_end_the_trial(data):
    class Broken(torch.nn.Module):
        def forward(self, x):
            return x.new_full((len(x), 10), float("nan"))

    with pytest.raises(TrialFailed, match="outputs are not finite"):
        top1(Broken(), data.test_batches(256), CPU)


class Young(torch.nn.Module):
    """Overflows when it is tested until it has been trained for some steps."""

    def __init__(self, steps):
        super().__init__()
        self.network, self.steps, self.trained = build_network("rednet-small"), steps, 0

    def forward(self, x):
        self.trained += self.training
        scores = self.network(x)
        return scores if self.training or self.trained >= self.steps else scores * float("inf")


class Listening(Keeper):
    def __init__(self):
        self.heard = []

    def notice(self, line):
        self.heard.append(line)


def test_a_curve_has_no_point_where_outputs_are_not_finite_yet(data):
    settings, keeper = TrainSettings(epochs=None, steps=6, batch_size=8), Listening()
    curve = train(Young(4), data, settings, 0, CPU, keeper=keeper)
    assert [point.steps for point in curve] == [5, 6]
    assert keeper.heard[-1].startswith("step 3 of 6: the network's outputs are not finite; the")
    with pytest.raises(TrialFailed, match="outputs are not finite"):
        train(Young(9), data, TrainSettings(epochs=None, steps=6, batch_size=8), 0, CPU)


class Plain(torch.nn.Module):
    """Without BatchNorm, so that a loss is the mean of its images'."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3 * 32 * 32, 10)

    def forward(self, x):
        return self.layer(x.flatten(1))


def plainly(data, **settings):
    """What training a plain network leaves: it, its curve and the losses that were told."""
    torch.manual_seed(0)
    network, told = Plain(), []
    curve = train(
        network,
        data,
        TrainSettings(**{"epochs": None, "steps": 8, "lr": 0.01} | settings),
        0,
        CPU,
        lambda step, loss: told.append(loss),
    )
    return network, curve, told


def test_batches_of_a_step_are_one_large_batch(data):
    budget = {"steps": None, "epochs": 2}
    network, curve, losses = plainly(data, batch_size=400, **budget)
    parts, its_curve, its_losses = plainly(data, batch_size=100, accumulate=4, **budget)
    assert [p.steps for p in curve] == [p.steps for p in its_curve] == [2, 4, 6, 8]
    assert [p.epoch for p in curve] == [p.epoch for p in its_curve] == [1, 1, 2, 2]
    torch.testing.assert_close(parts.layer.weight, network.layer.weight, rtol=1e-5, atol=1e-7)
    assert its_losses == pytest.approx(losses, rel=1e-6), "also of an epoch's last 147 images"


def test_the_warm_up_is_that_of_the_settings(data, monkeypatch):
    rates = []
    real = Stepper.set_rate
    monkeypatch.setattr(Stepper, "set_rate", lambda self, lr: (rates.append(lr), real(self, lr)))
    plainly(data, batch_size=449, warmup="2", warmup_from=0.5, lr=0.06)
    assert rates[:6] == pytest.approx([0.035, 0.04, 0.045, 0.05, 0.055, 0.06])
    assert rates[6:] == [learning_rate(step, 8, 0.06, 6) for step in (6, 7)]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_precision_is_what_a_step_computes_in(data, monkeypatch, precision):
    types = []
    real = Plain.forward

    def watched(self, x):
        scores = real(self, x)
        types.append((self.training, scores.dtype))
        return scores

    monkeypatch.setattr(Plain, "forward", watched)
    network, _, losses = plainly(data, precision=precision)
    half = {"bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    assert set(types) == {(True, half), (False, torch.float32)}, "tested in fp32"
    assert all(p.dtype == torch.float32 for p in network.parameters())
    _, _, full = plainly(data)
    assert losses != full and losses == pytest.approx(full, rel=0.01)


def test_losses_that_are_read_late_are_the_same(data, monkeypatch):
    _, at_once, told = plainly(data)
    monkeypatch.setitem(losses_module.READ_EVERY, "cpu", 10**6)
    _, late, untold = plainly(data)
    assert late == at_once and len(told) == 8 and untold == []
    with pytest.raises(TrialFailed, match=r"loss became (nan|inf) at step 3 of 8"):
        plainly(data, lr=1e30, warmup="0")


def test_a_step_reads_no_loss(data, monkeypatch):
    reads = []

    def stack(losses):
        reads.append(len(losses))
        return torch.stack(losses)

    monkeypatch.setitem(losses_module.READ_EVERY, "cpu", 10**6)
    watched = {**vars(torch), "stack": stack}
    monkeypatch.setattr(losses_module, "torch", SimpleNamespace(**watched))
    monkeypatch.setattr(torch.Tensor, "item", None)
    plainly(data)
    assert reads == [2, 2, 2, 2], "at the points of the curve"
