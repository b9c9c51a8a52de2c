"""The peer of the benchmarks: the layer as the slides have it."""

import torch
from torch import nn

from involution_core import Involution
from involution_core.backends import unfold
from involution_core.operator.shapes import make_window


class UnfoldInvolution(Involution):
    """Unfold, multiply, sum, differentiated by autograd."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        window = make_window(self.kernel_size, self.stride)
        return unfold.forward(x, self.generator(x), window)


def on_unfold(network: nn.Module) -> nn.Module:
    """The network, or the layer itself, with every involution so."""
    for module in network.modules():
        if isinstance(module, Involution):
            module.__class__ = UnfoldInvolution
    return network
