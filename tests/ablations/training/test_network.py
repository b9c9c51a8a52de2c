import pytest
import torch

from ablations.data.digits import digits
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.network import initial_network


@pytest.fixture(scope="module")
def data():
    return digits()


def network(data, **settings):
    return initial_network(Variant(5), TrainSettings(**settings), data.classes, seed=3)


def spans(module):
    return [layer.generator.span for layer in module.modules() if hasattr(layer, "generator")]


def test_zero_gamma_makes_every_bottleneck_its_shortcut(data):
    before, after = network(data), network(data, zero_gamma="yes")
    gammas = [block.bn3.weight for stage in after.stages for block in stage]
    assert all(gamma.eq(0).all() for gamma in gammas)
    changed = {
        name
        for (name, one), other in zip(before.named_parameters(), after.parameters(), strict=True)
        if not torch.equal(one, other)
    }
    assert changed == {"stages.0.0.bn3.weight", "stages.1.0.bn3.weight"}


def test_small_kernels_are_a_tenth(data):
    before, after = (spans(network(data, span_init=name)) for name in ("he", "small"))
    for he, small in zip(before, after, strict=True):
        torch.testing.assert_close(small.weight, 0.1 * he.weight)
        assert torch.equal(small.bias, he.bias)


def test_a_centred_kernel_begins_as_the_pixel_itself(data):
    module = network(data, span_init="centre")
    layer = module.stages[0][0].spatial
    torch.nn.init.zeros_(layer.generator.span.weight)
    x = torch.randn(2, 32, 8, 8)
    torch.testing.assert_close(layer.eval()(x), x)
