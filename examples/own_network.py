"""A custom network for the study in own-network.toml."""

from torch import nn

from involution_core import Architecture


def plain(architecture: Architecture, classes: int) -> nn.Module:
    """Strided convolutions alone, one for each stage: (N, 3, H, W) -> (N, classes)."""
    layers: list[nn.Module] = []
    channels = 3
    for width in architecture.stage_channels:
        layers += [nn.Conv2d(channels, width, 3, 2, 1), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))
