"""From a network as data to its module."""

from torch import nn

from ablations.networks.network import Network
from involution_core.architectures import STEM_KERNEL_SIZE, Architecture


def build(
    architecture: Architecture,
    network: Network,
    classes: int,
    stem_kernel_size: int = STEM_KERNEL_SIZE,
) -> nn.Module:
    """The module of `network` in the shape of `architecture`: (N, 3, H, W) -> (N, classes).

    A user's family is called with the architecture and `classes`; a user's generator is a
    `generators.GeneratorFactory`.

    Raises:
        ValueError: Where a user's code cannot be loaded.
    """
    return network.kind.build(architecture, network.involution, classes, stem_kernel_size)
