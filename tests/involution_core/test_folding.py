import copy

import pytest
import torch
import torchvision
from torch import nn

from ablations.costs.counters import count_cost
from involution_core import Involution, build_network, fuse_for_inference


def trained(network):
    """The network as if trained: its BatchNorms have something to fold, and activations do not
    explode from layer to layer, which would blow up the rounding."""
    generator = torch.Generator().manual_seed(0)
    for norm in norms(network):
        if norm.track_running_stats:
            norm.running_mean.normal_(0, 0.1, generator=generator)
            norm.running_var.uniform_(0.5, 1.5, generator=generator)
        if norm.affine:
            nn.init.uniform_(norm.weight, 0.2, 0.6, generator=generator)
            nn.init.normal_(norm.bias, 0, 0.1, generator=generator)
    return network.train()


def norms(network):
    return [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]


def difference(folded, network, *shape):
    """Relative to the outputs' size; the network is compared in eval mode."""
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, found = copy.deepcopy(network).eval()(x), folded(x)
    return float((found - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize(
    ("make", "side", "left"),
    [
        (lambda: build_network("rednet50"), 64, 17),
        (lambda: build_network("rednet-small"), 32, 2),
        (lambda: build_network("rednet-small", generator="attention"), 32, 2),
        (lambda: build_network("rednet-small", generator="W", group_channels="C"), 32, 2),
        (lambda: build_network("resnet-small"), 32, 0),
        (lambda: torchvision.models.resnet18(), 64, 0),
        (lambda: torchvision.models.mobilenet_v2(), 64, 0),
    ],
    ids=["rednet50", "rednet", "attention", "W", "resnet", "torchvision", "mobilenet"],
)
def test_every_norm_behind_a_convolution_is_folded(make, side, left):
    network = trained(make())
    before = copy.deepcopy(network.state_dict())
    folded = fuse_for_inference(network)
    assert type(folded) is type(network) and not folded.training
    assert len(norms(folded)) == left
    assert left == sum(isinstance(module, Involution) for module in network.modules()) or not left
    assert difference(folded, network, 4, 3, side, side) < 1e-5
    assert network.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_feature_maps_and_memory_formats_stay():
    backbone = trained(build_network("rednet26-small", features_only=True))
    backbone = backbone.eval().to(memory_format=torch.channels_last)
    folded, x = fuse_for_inference(backbone), torch.randn(4, 3, 32, 32)
    assert len(norms(folded)) == 8 < len(norms(backbone))
    kept = folded.layer1[0].shortcut[0].weight
    assert kept.is_contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        for found, expected in zip(folded(x), backbone(x), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_a_folded_network_is_counted():
    network = build_network("rednet-small")
    folded, plain = (count_cost(each, 32) for each in (fuse_for_inference(network), network))
    for operator in ("conv", "linear", "involution"):
        assert folded.operations[operator] == plain.operations[operator]
    # the two that follow an involution: C=32 at 16x16, C=64 at 8x8
    assert folded.operations["batch_norm"] == 2 * (32 * 256 + 64 * 64)
    assert folded.operations["conv_bias"] > plain.operations["conv_bias"]


class Block(nn.Module):
    """A convolution and a BatchNorm, and what a test does with them."""

    def __init__(self, forward=None, conv=None, norm=None):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1) if conv is None else conv
        self.norm = nn.BatchNorm2d(4) if norm is None else norm
        self.second = nn.Conv2d(4, 4, 1)
        self.again = self.norm
        self._run = forward or (lambda own, x: own.norm(own.conv(x)))

    def forward(self, x):
        return self._run(self, x)


class OwnConv(nn.Conv2d):
    def forward(self, x):
        return 2 * super().forward(x)


class OwnNorm(nn.BatchNorm2d):
    def forward(self, x):
        return 2 * super().forward(x)


def hooked():
    conv = nn.Conv2d(4, 4, 1)
    conv.register_forward_hook(lambda module, inputs, output: 2 * output)
    return conv


LEFT = {
    "a norm used twice": Block(lambda own, x: own.norm(own.second(own.norm(own.conv(x))))),
    "a convolution used twice": Block(lambda own, x: own.conv(own.norm(own.conv(x)))),
    "an output used twice": Block(lambda own, x: (y := own.conv(x)) + own.norm(y)),
    "weights used elsewhere": Block(lambda own, x: own.norm(own.conv(x)) + own.conv.weight.sum()),
    "statistics used": Block(lambda own, x: own.norm(own.conv(x)) + own.norm.running_mean.sum()),
    "something between": Block(lambda own, x: own.norm(own.conv(x).relu())),
    "no statistics": Block(norm=nn.BatchNorm2d(4, track_running_stats=False)),
    "a convolution's subclass": Block(conv=OwnConv(4, 4, 1)),
    "a norm's subclass": Block(norm=OwnNorm(4)),
    "a hook": Block(conv=hooked()),
    "a parametrization": Block(conv=nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 4, 1))),
    "groups, transposed": Block(conv=nn.ConvTranspose2d(4, 4, 3, groups=2)),
}

FOLDED = {
    "a norm of two names": Block(lambda own, x: own.again(own.conv(x))),
    "transposed": Block(conv=nn.ConvTranspose2d(4, 4, 3, stride=2)),
    "grouped, no bias": Block(conv=nn.Conv2d(4, 4, 3, groups=2, bias=False)),
    "no affine map": Block(norm=nn.BatchNorm2d(4, affine=False)),
    "a shared weight": Block(lambda own, x: own.second(own.norm(own.conv(x)))),
}
FOLDED["a shared weight"].conv = nn.Conv2d(4, 4, 1)
FOLDED["a shared weight"].second.weight = FOLDED["a shared weight"].conv.weight


@pytest.mark.parametrize("case", LEFT)
def test_what_cannot_be_folded_is_left(case):
    network = trained(LEFT[case])
    folded = fuse_for_inference(network)
    assert len(norms(folded)) == 1
    assert difference(folded, network, 8, 4, 6, 6) < 1e-6


@pytest.mark.parametrize("case", FOLDED)
def test_other_convolutions_are_folded(case):
    network = trained(FOLDED[case])
    folded = fuse_for_inference(network)
    assert not norms(folded)
    assert difference(folded, network, 8, 4, 6, 6) < 1e-5


def test_a_network_that_cannot_be_traced_is_left_with_a_warning():
    def by_value(own, x):
        return own.norm(own.conv(x)) if x.sum() > 0 else x

    network = trained(Block(by_value))
    with pytest.warns(UserWarning, match="no BatchNorm is folded, since torch.fx cannot trace"):
        folded = fuse_for_inference(network)
    assert not folded.training and len(norms(folded)) == 1
    assert difference(folded, network, 8, 4, 6, 6) == 0
