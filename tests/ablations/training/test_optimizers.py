import torch
from torch import nn

from ablations.study.train_settings import TrainSettings
from ablations.training.recipe import describe_optimizer
from ablations.training.step import make_optimizer


def test_sgd_is_as_the_settings_say():
    settings = TrainSettings(momentum=0.5, weight_decay=0.01)
    optimizer = make_optimizer(nn.Linear(2, 2), settings, 0.2)
    assert isinstance(optimizer, torch.optim.SGD)
    (group,) = optimizer.param_groups
    found = [group[name] for name in ("lr", "momentum", "weight_decay", "nesterov")]
    assert found == [0.2, 0.5, 0.01, True]


def test_without_momentum_there_is_no_nesterov():
    optimizer = make_optimizer(nn.Linear(2, 2), TrainSettings(momentum=0), 0.2)
    assert not optimizer.param_groups[0]["nesterov"]


def test_adamw_takes_momentum_for_its_first_beta():
    settings = TrainSettings(optimizer="adamw", momentum=0.8, weight_decay=0.05)
    optimizer = make_optimizer(nn.Linear(2, 2), settings, 0.003)
    assert isinstance(optimizer, torch.optim.AdamW)
    (group,) = optimizer.param_groups
    assert (group["lr"], group["betas"], group["weight_decay"]) == (0.003, (0.8, 0.999), 0.05)


def test_the_recipe_says_what_the_optimizer_has():
    told = describe_optimizer(TrainSettings(optimizer="adamw", momentum=0.8, label_smoothing=0))
    assert told.startswith("AdamW, first beta 0.8, weight decay 0.0001, ")
    assert told.endswith("label smoothing 0")
    assert describe_optimizer(TrainSettings()) == (
        "SGD, Nesterov momentum 0.9, weight decay 0.0001, linear warm-up over 10% of the steps, "
        "cosine to zero, label smoothing 0.1"
    )


def test_the_recipe_says_what_of_a_step_is_not_the_default():
    settings = TrainSettings(warmup="5", warmup_from=0.25, accumulate=64, precision="bf16")
    assert describe_optimizer(settings).endswith(
        "linear warm-up over 5 epochs from 0.25 of the rate, cosine to zero, label smoothing 0.1, "
        "64 batches a step, bf16"
    )


def test_decay_may_leave_out_norms_and_biases():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    settings = TrainSettings(weight_decay=0.1, decayed="weights")
    weights, others = make_optimizer(network, settings, 0.1).param_groups
    assert (weights["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    assert [id(p) for p in weights["params"]] == [id(network[0].weight)]
    kept = {id(network[0].bias), id(network[1].weight), id(network[1].bias)}
    assert {id(p) for p in others["params"]} == kept
