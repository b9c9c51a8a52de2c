"""Builds the module of a network."""

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ablations.networks.network import Network
from involution_core.networks.architectures import STEM_KERNEL_SIZE, Architecture


def build(
    architecture: Architecture,
    network: Network,
    classes: int,
    stem_kernel_size: int = STEM_KERNEL_SIZE,
) -> nn.Module:
    """Return the module of `network` in the shape of `architecture`: (N, 3, H, W) -> (N, classes).

    A user's family is called with the architecture and `classes`, and may have lazy layers; a
    user's generator is a `generator_factories.GeneratorFactory`.

    Raises:
        ValueError: A user's code cannot be loaded.
    """
    module = network.kind.build(architecture, network.involution, classes, stem_kernel_size)
    if isinstance(module, nn.Module) and any(map(is_lazy, module.parameters())):
        _give_parameters(module, architecture.image_size)
    return module


def _give_parameters(module: nn.Module, image_size: int) -> None:
    """Call the module once, which initialises its lazy layers."""
    with torch.no_grad():
        module.eval()(torch.zeros(1, 3, image_size, image_size))
    module.train()
