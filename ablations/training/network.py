"""The network of a trial and its initial weights."""

import torch
from torch import nn

from ablations.networks.builders import build
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant, architecture_of
from involution_core.generators.paper_generators import Span
from involution_core.networks.rednet import Bottleneck

SMALL = 0.1
"""Factor on the standard deviation of He et al."""


def initial_network(
    variant: Variant, settings: TrainSettings, classes: int, seed: int
) -> nn.Module:
    """Return the network of a variant, on the CPU.

    Args:
        variant: The variant.
        settings: Its own settings.
        classes: Classes of the data set.
        seed: Seed of the weights.
    """
    architecture = architecture_of(settings.model, variant)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = build(architecture, variant, classes)
    initialise(network, settings)
    return network


@torch.no_grad()
def initialise(network: nn.Module, settings: TrainSettings) -> None:
    """Change the initial weights of a network as the settings say."""
    for module in network.modules():
        if settings.zero_gamma == "yes" and isinstance(module, Bottleneck):
            nn.init.zeros_(module.bn3.weight)
        if settings.span_init != "he" and isinstance(module, Span):
            module.weight.mul_(SMALL)
            if settings.span_init == "centre":
                _centre(module)


def _centre(span: Span) -> None:
    """Set the bias so that every kernel is one tap, at the pixel itself."""
    assert span.bias is not None
    kernels = span.bias.view(span.shape)
    kernels.zero_()
    kernels[:, span.shape[1] // 2, span.shape[2] // 2] = 1
