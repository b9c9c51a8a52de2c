import pytest
import torch
from torch import nn

from involution_core import (
    AttentionGenerator,
    Involution,
    Involution1d,
    Involution3d,
    KernelGenerator,
    LinearGenerator,
    RedNet,
)
from involution_core.networks.architectures import ARCHITECTURES


class WithoutInit(KernelGenerator):
    def __init__(self, *shape):
        pass


class OfAModule(KernelGenerator):
    def __init__(self, *shape):
        nn.Module.__init__(self)


def test_a_form_names_the_generator():
    assert type(Involution(32, 3, generator="W").generator) is LinearGenerator
    attention = Involution1d(32, 3, generator="attention", backend="shift").generator
    assert type(attention) is AttentionGenerator and attention.backend == "shift"
    layer = Involution3d(32, 3, generator="r=8", reduction_ratio=2)
    assert layer.generator.reduce[0].out_channels == 4


@pytest.mark.parametrize(
    ("generator", "error", "message"),
    [
        ("", ValueError, "must be W, r=N .* or attention, got ''"),
        ("w", ValueError, "must be W, r=N .* or attention, got 'w'"),
        (nn.Conv2d, TypeError, "must make a KernelGenerator, and this one makes a Conv2d"),
        (lambda *shape: None, TypeError, "and this one makes a NoneType"),
        (
            LinearGenerator(32, 3, 2),
            TypeError,
            "got a made LinearGenerator; write generator=Linear",
        ),
        (
            nn.ReLU(),
            TypeError,
            r"\(channels, kernel_size, groups, stride\), got an object of .*ReLU",
        ),
        (7, TypeError, "got an object of type int"),
        (WithoutInit, TypeError, r"WithoutInit.__init__ must call super\(\).__init__\(channels, "),
        (OfAModule, TypeError, r"OfAModule.__init__ must call super\(\).__init__\(channels, "),
    ],
)
@pytest.mark.parametrize("layer", [Involution, Involution1d, Involution3d])
def test_what_makes_no_generator_is_refused(layer, generator, error, message):
    with pytest.raises(error, match=message):
        layer(32, 3, generator=generator)


def test_a_network_says_so_too():
    with torch.device("meta"), pytest.raises(TypeError, match="this one makes a Conv2d"):
        RedNet(ARCHITECTURES["rednet-small"], generator=nn.Conv2d)


def test_kernels_of_another_shape_are_said_to_be_the_generators():
    class Short(LinearGenerator):
        def forward(self, x):
            return super().forward(x)[:, :, 1:]

    with pytest.raises(ValueError, match=r"in a layer the weight is what its generator returns"):
        Involution(32, 3, generator=Short)(torch.zeros(1, 32, 5, 5))


@pytest.mark.parametrize("groups", [0, 2.0, True])
def test_groups_are_a_positive_integer(groups):
    with pytest.raises(ValueError, match="groups must be an integer of at least 1"):
        LinearGenerator(32, 3, groups)
