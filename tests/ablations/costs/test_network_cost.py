import pytest
import torch
from torch import nn

from ablations.costs.counters import count_cost
from ablations.costs.operators.uncounted import UncountedOperator
from ablations.costs.torch_counter import second_count
from involution_core import AttentionGenerator, Involution, build_network
from involution_core.networks.rednet import Bottleneck


class Small(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return self.body(x)


def test_every_operator_by_hand():
    network = Small(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
    )
    cost = count_cost(network, 6)
    assert cost.params == 3 * 8 * 9 + 8 + 16 + 45
    assert cost.operations == {
        "conv": 36 * 8 * 27,
        "conv_bias": 36 * 8,
        "batch_norm": 2 * 36 * 8,
        "relu": 36 * 8,
        "pool": 36 * 8 + 9 * 8,
        "linear": 40,
        "linear_bias": 5,
    }
    assert cost.layers == {}


def test_an_involution_by_hand_in_both_counters():
    network = Small(nn.Conv2d(3, 16, 1, bias=False), Involution(16, 5, 2, 4, 2))
    cost = count_cost(network, 7)
    assert cost.operations["involution"] == 16 * 16 * 25
    layer = cost.layers["body.1"]
    assert layer.params == {
        "reduce": 128,
        "reduce_bias": 8,
        "batch_norm": 16,
        "span": 800,
        "span_bias": 100,
    }
    assert layer.operations == {
        "pool": 49 * 16,
        "reduce": 16 * 128,
        "reduce_bias": 16 * 8,
        "batch_norm": 2 * 16 * 8,
        "relu": 16 * 8,
        "span": 16 * 800,
        "span_bias": 16 * 100,
        "aggregation": 16 * 16 * 25,
    }
    by_torch = second_count(network.to("meta"), 7)
    assert by_torch.operations == {
        "conv": 49 * 48 + 16 * 928,
        "involution": 16 * 16 * 25,
    }
    assert by_torch.modules["body.1"] == {"conv": 16 * 928, "involution": 16 * 16 * 25}


def test_an_attention_by_hand_in_both_counters():
    layer = Involution(16, 5, 2, 4, generator=AttentionGenerator)
    network = Small(nn.Conv2d(3, 16, 1, bias=False), layer)
    cost = count_cost(network, 7)
    assert cost.operations == {
        "conv": 49 * 48 + (16 + 2 * 49) * 256,
        "involution": 16 * 16 * 25,
        "query_key": 16 * 16 * 25,
        "pool": 49 * 16,
        "mul": 16 * 16,
        "add": 16 * 4 * 25,
        "softmax": 5 * 16 * 4 * 25,
    }
    counted = cost.layers["body.1"]
    assert counted.params == {"to_query": 256, "to_key": 256, "to_value": 256}
    assert counted.operations == {
        "pool": 49 * 16,
        "to_query": 16 * 256,
        "to_key": 49 * 256,
        "to_value": 49 * 256,
        "scale": 16 * 16,
        "query_key": 16 * 16 * 25,
        "mask": 16 * 4 * 25,
        "softmax": 5 * 16 * 4 * 25,
        "aggregation": 16 * 16 * 25,
    }
    by_torch = second_count(network.to("meta"), 7)
    assert by_torch.modules["body.1"] == {
        "conv": (16 + 2 * 49) * 256,
        "query_key": 16 * 16 * 25,
        "involution": 16 * 16 * 25,
    }


def test_a_bottlenecks_convolution_by_hand_in_both_counters():
    def convolution(channels, stride):
        return nn.Conv2d(channels, channels, 3, stride, 1, bias=False)

    network = Small(Bottleneck(3, 4, 2, convolution))
    cost = count_cost(network, 7)
    assert list(cost.layers) == ["body.0.spatial"], "no other convolution is a spatial layer"
    layer = cost.layers["body.0.spatial"]
    assert layer.params == {"convolution": 4 * 4 * 9}
    assert layer.operations == {"convolution": 16 * 4 * 4 * 9}
    assert cost.operations["conv"] == 49 * 12 + 16 * (4 * 4 * 9 + 4 * 16 + 3 * 16)
    by_torch = second_count(network.to("meta"), 7)
    assert by_torch.modules["body.0.spatial"] == {"conv": 16 * 4 * 4 * 9}


class Running(nn.Module):
    def forward(self, x):
        return torch.renorm(x, 2, 0, 1.0)


def test_an_operator_without_a_count_is_an_error():
    with pytest.raises(UncountedOperator, match="no count for operator aten::renorm"):
        count_cost(Small(nn.Conv2d(3, 4, 1), Running()), 4)


def test_what_a_users_network_may_have_is_counted():
    class Mixing(nn.Module):
        def forward(self, x):
            tokens = x.flatten(2)
            return nn.functional.gelu(tokens.transpose(1, 2) @ tokens).mean(1)

    cost = count_cost(Small(Mixing(), nn.Linear(16, 5)), 4)
    assert cost.operations == {
        "linear": 16 * 5,
        "linear_bias": 5,
        "pool": 256,
        "elementwise": 256,
        "matmul": 16 * 16 * 3,
    }


def test_a_hand_written_aggregation_is_counted_as_the_product_that_it_is_written_as():
    class Unfolding(nn.Module):
        def forward(self, x):
            patches = torch.nn.functional.unfold(x, 3, padding=1)
            weight = torch.ones(patches.shape[1:])
            return torch.einsum("nkp,kp->np", patches, weight), (patches * weight).sum(1)

    operations = count_cost(Unfolding(), 4).operations
    assert operations == {"matmul": 27 * 16, "mul": 27 * 16, "pool": 27 * 16}


def test_counting_leaves_the_network_as_it_was():
    network = build_network("rednet-small").train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    count_cost(network, 32)
    assert network.training
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key]), key
