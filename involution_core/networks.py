"""RedNet (involution) and ResNet (convolution) bottleneck networks of one shape."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from involution_core.architectures import (
    ARCHITECTURES,
    EXPANSION,
    STEM_GROUP_CHANNELS,
    STEM_KERNEL_SIZE,
    STEM_REDUCTION_RATIO,
    Architecture,
)
from involution_core.generators import GeneratorFactory, generator_factory
from involution_core.involution import Involution

SpatialFactory = Callable[[int, int], nn.Module]
"""(channels, stride) -> the layer in the middle of a bottleneck."""


def conv_bn_relu(in_channels: int, channels: int, kernel_size: int, stride: int) -> list[nn.Module]:
    """Convolution that keeps the map's size but for its stride, BN, ReLU."""
    return [
        nn.Conv2d(in_channels, channels, kernel_size, stride, kernel_size // 2, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    ]


class Bottleneck(nn.Module):
    """1x1 convolution, spatial layer, 1x1 convolution, each with BN, around a shortcut."""

    def __init__(
        self, in_channels: int, channels: int, stride: int, spatial: SpatialFactory
    ) -> None:
        super().__init__()
        out_channels = channels * EXPANSION
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.spatial = spatial(channels, stride)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.spatial(y)))
        y = self.bn3(self.conv3(y))
        y += self.shortcut(x)
        return self.relu(y)


class BottleneckNetwork(nn.Module):
    """Stem, stages of bottlenecks, pooling, classifier: (N, 3, H, W) -> (N, classes)."""

    def __init__(
        self,
        architecture: Architecture,
        stem: nn.Sequential,
        spatial: SpatialFactory,
        classes: int | None,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.stem = stem
        self.stages = nn.Sequential()
        in_channels = architecture.stem_channels
        for stage, (channels, blocks) in enumerate(
            zip(architecture.stage_channels, architecture.blocks, strict=True)
        ):
            layers = nn.Sequential()
            for block in range(blocks):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(Bottleneck(in_channels, channels, stride, spatial))
                in_channels = channels * EXPANSION
            self.stages.append(layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(
            in_channels, architecture.classes if classes is None else classes
        )
        self._initialise()

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.pool(self.stages(self.stem(x))), 1))

    def _initialise(self) -> None:
        """He et al.'s initialisation, as torchvision's ResNet."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)


class RedNet(BottleneckNetwork):
    """ResNet's bottlenecks with an involution for the 3x3 convolution.

    architecture:     a "rednet" of ARCHITECTURES.
    kernel_size, group_channels, generator: of the involution in every bottleneck (see
                      `Involution`); the generator is "W", "r=N", "attention" or a factory.
    stem_kernel_size: of the involution in the "imagenet" stem, which has 16 group channels,
                      r = 4 and stride 1 in every variant.
    classes:          outputs; without it the architecture's own number.
    backend:          see `involution2d`.

    Raises ValueError where group channels or r do not divide a layer's channels.
    """

    def __init__(
        self,
        architecture: Architecture,
        *,
        kernel_size: int = 7,
        group_channels: int | Literal["C"] = 16,
        generator: str | GeneratorFactory = "r=4",
        stem_kernel_size: int = STEM_KERNEL_SIZE,
        classes: int | None = None,
        backend: str | None = None,
    ) -> None:
        factory = (
            generator_factory(generator, reduce_bias=False, backend=backend)
            if isinstance(generator, str)
            else generator
        )

        def spatial(channels: int, stride: int) -> nn.Module:
            return Involution(
                channels, kernel_size, stride, group_channels, generator=factory, backend=backend
            )

        channels = architecture.stem_channels
        if architecture.stem == "small":
            stem = conv_bn_relu(3, channels, 3, 2)
        else:
            stem = [
                *conv_bn_relu(3, channels // 2, 3, 2),
                Involution(
                    channels // 2,
                    stem_kernel_size,
                    1,
                    STEM_GROUP_CHANNELS,
                    generator=generator_factory(f"r={STEM_REDUCTION_RATIO}", reduce_bias=False),
                    backend=backend,
                ),
                nn.BatchNorm2d(channels // 2),
                nn.ReLU(inplace=True),
                *conv_bn_relu(channels // 2, channels, 3, 1),
                nn.MaxPool2d(3, 2, 1),
            ]
        super().__init__(architecture, nn.Sequential(*stem), spatial, classes)


class ResNet(BottleneckNetwork):
    """The convolutional baseline: a K x K convolution (K = 3) in the middle of every bottleneck.

    architecture: a "resnet" of ARCHITECTURES; depths 50, 101 and 152 have torchvision's
                  number of parameters.
    kernel_size:  K, odd.
    classes:      outputs; without it the architecture's own number.
    """

    def __init__(
        self, architecture: Architecture, *, kernel_size: int = 3, classes: int | None = None
    ) -> None:
        def spatial(channels: int, stride: int) -> nn.Module:
            return nn.Conv2d(channels, channels, kernel_size, stride, kernel_size // 2, bias=False)

        channels = architecture.stem_channels
        if architecture.stem == "small":
            stem = conv_bn_relu(3, channels, 3, 2)
        else:
            stem = [*conv_bn_relu(3, channels, 7, 2), nn.MaxPool2d(3, 2, 1)]
        super().__init__(architecture, nn.Sequential(*stem), spatial, classes)


def build_network(name: str, **options: Any) -> BottleneckNetwork:
    """The network called `name` in ARCHITECTURES; `options` are those of RedNet or ResNet.

    Raises ValueError for an unknown name.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"model must be one of {', '.join(ARCHITECTURES)}, got {name!r}")
    architecture = ARCHITECTURES[name]
    return (RedNet if architecture.family == "rednet" else ResNet)(architecture, **options)
