"""How a network's weights start, where the settings say something else than its module."""

import torch
from torch import nn

from ablations.study.train_settings import TrainSettings
from involution_core.generators import Span
from involution_core.networks import Bottleneck

SMALL = 0.1
"""Of He et al.'s deviation."""


@torch.no_grad()
def initialise(network: nn.Module, settings: TrainSettings) -> None:
    """Changes the initial weights of `network` as the settings say."""
    for module in network.modules():
        if settings.zero_gamma == "yes" and isinstance(module, Bottleneck):
            nn.init.zeros_(module.bn3.weight)
        if settings.span_init != "he" and isinstance(module, Span):
            module.weight.mul_(SMALL)
            if settings.span_init == "centre":
                _centre(module)


def _centre(span: Span) -> None:
    """The bias makes every kernel one tap, that of the pixel itself."""
    assert span.bias is not None
    kernels = span.bias.view(span.shape)
    kernels.zero_()
    kernels[:, span.shape[1] // 2, span.shape[2] // 2] = 1
