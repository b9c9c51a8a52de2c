"""RedNet (involution) and ResNet (convolution) bottleneck networks of one shape."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from involution_core.generators.factories import GeneratorFactory, generator_factory
from involution_core.layer.foreign_arguments import names, refusing
from involution_core.layer.involution import Involution
from involution_core.networks.architectures import (
    EXPANSION,
    STEM_GROUP_CHANNELS,
    STEM_KERNEL_SIZE,
    STEM_REDUCTION_RATIO,
    Architecture,
)
from involution_core.networks.network_arguments import INSTEAD, OF_INVOLUTIONS, check_architecture
from involution_core.operator.integers import at_least, odd_pair

SpatialFactory = Callable[[int, int], nn.Module]
"""(channels, stride) -> the layer in the middle of a bottleneck."""


def conv_bn_relu(in_channels: int, channels: int, kernel_size: int, stride: int) -> list[nn.Module]:
    """Return a convolution, a BatchNorm and a ReLU.

    Args:
        in_channels: Channels in.
        channels: Channels out.
        kernel_size: K in pixels, odd; the padding keeps the map's size but for the stride.
        stride: s in pixels.

    Returns:
        The three modules, in that order. The convolution has no bias.

    Raises:
        ValueError: No channels in.

    Examples:
        >>> import torch
        >>> nn.Sequential(*conv_bn_relu(3, 8, 3, 2))(torch.randn(1, 3, 9, 9)).shape
        torch.Size([1, 8, 5, 5])
    """
    in_channels = at_least(1, "in_channels", in_channels)
    return [
        nn.Conv2d(in_channels, channels, kernel_size, stride, kernel_size // 2, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    ]


class Bottleneck(nn.Module):
    """Residual bottleneck: 1x1 convolution, spatial layer, 1x1 convolution, and a shortcut.

    A BatchNorm follows each of the three. The channels out are four times `channels`.

    Args:
        in_channels: Channels in.
        channels: Channels of the spatial layer.
        stride: s in pixels, of the spatial layer and of the shortcut.
        spatial: Factory of the spatial layer, called with (channels, stride).

    References:
        The slide on the bottleneck with an involution for its 3x3 convolution, the last of
        "Relation to Self-Attention".
    """

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
        """Apply the block.

        Args:
            x: The input, shape (N, in_channels, H, W).

        Returns:
            The output, shape (N, 4·channels, ⌈H/s⌉, ⌈W/s⌉).
        """
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.spatial(y)))
        y = self.bn3(self.conv3(y))
        y += self.shortcut(x)
        return self.relu(y)


class BottleneckNetwork(nn.Module):
    """Stem, stages of bottlenecks, average pooling and a classifier.

    Args:
        architecture: The shape of the network.
        stem: What comes before the first stage, (N, in_channels, H, W) to (N, width, H', W').
        spatial: Factory of the layer in the middle of a bottleneck, called with
            (channels, stride).
        classes: Outputs of the classifier. None takes the architecture's number, 0 leaves it out.

    Raises:
        ValueError: A negative number of classes.
    """

    def __init__(
        self,
        architecture: Architecture,
        stem: nn.Sequential,
        spatial: SpatialFactory,
        classes: int | None,
    ) -> None:
        super().__init__()
        classes = architecture.classes if classes is None else at_least(0, "classes", classes)
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
        self.classifier: nn.Linear | nn.Identity = (
            nn.Linear(in_channels, classes) if classes else nn.Identity()
        )
        self._initialise()

    def forward(self, x: Tensor) -> Tensor:
        """Classifies images.

        Args:
            x: The images, shape (N, in_channels, H, W).

        Returns:
            A score for each class, shape (N, classes), without softmax; with 0 classes the pooled
            features, shape (N, architecture.features).
        """
        return self.classifier(torch.flatten(self.pool(self.stages(self.stem(x))), 1))

    def _initialise(self) -> None:
        """He et al.'s initialisation, as torchvision's ResNet."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)


def described(module: object) -> str:
    """Says, for an error, what is given in place of a network.

    Args:
        module: Anything.

    Returns:
        Its type, and where a network is in it, as in what torch.compile and DataParallel make.
    """
    kind = f"an object of type {type(module).__name__}"
    inside = module.named_modules() if isinstance(module, nn.Module) else ()
    paths = (name for name, part in inside if isinstance(part, BottleneckNetwork))
    path = next(paths, "")
    return f"{kind}; give what is in it, .{path}" if path else kind


class RedNet(BottleneckNetwork):
    """RedNet: ResNet's bottlenecks with an involution in place of the 3x3 convolution.

    Args:
        architecture: A "rednet" of `ARCHITECTURES`.
        kernel_size: K of the involution in every bottleneck, in pixels, odd. Default 7.
        group_channels: Channels that share a kernel there, or "C" for all. Default 16.
        generator: Kernel generator there: "W", "r=N", "attention" or a factory, see `Involution`.
            Default "r=4".
        stem_kernel_size: K of the involution in the "imagenet" stem, in pixels, odd. It has 16
            group channels, r = 4 and stride 1 in every variant. Default 3.
        classes: Outputs of the classifier; 0 leaves it out. Default None, the architecture's
            number.
        in_channels: Channels of the images. Default 3.
        backend: Implementation of the operator, see `involution2d`. Default None, the first that
            can run.

    Raises:
        ValueError: Another family's architecture, an even kernel size, group channels or r that do
            not divide the channels of a layer, no channels or a negative number of classes.
        TypeError: No architecture, or an argument of timm's or torchvision's networks.

    Examples:
        >>> import torch
        >>> from involution_core import ARCHITECTURES
        >>> network = RedNet(ARCHITECTURES["rednet-small"], kernel_size=3, generator="W")
        >>> network(torch.randn(2, 3, 32, 32)).shape
        torch.Size([2, 10])

    References:
        Li et al., CVPR 2021; the stem as in the authors' classification code.
    """

    @refusing(names(INSTEAD))
    def __init__(
        self,
        architecture: Architecture,
        *,
        kernel_size: int = 7,
        group_channels: int | Literal["C"] = 16,
        generator: str | GeneratorFactory = "r=4",
        stem_kernel_size: int = STEM_KERNEL_SIZE,
        classes: int | None = None,
        in_channels: int = 3,
        backend: str | None = None,
    ) -> None:
        check_architecture(type(self).__name__, architecture, "rednet")
        odd_pair("kernel_size", kernel_size)
        odd_pair("stem_kernel_size", stem_kernel_size)
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
            stem = conv_bn_relu(in_channels, channels, 3, 2)
        else:
            stem = [
                *conv_bn_relu(in_channels, channels // 2, 3, 2),
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
    """ResNet, the convolutional baseline: a K x K convolution in the middle of every bottleneck.

    Depths 50, 101 and 152 have torchvision's number of parameters.

    Args:
        architecture: A "resnet" of `ARCHITECTURES`.
        kernel_size: K of that convolution, in pixels, odd. Default 3.
        classes: Outputs of the classifier; 0 leaves it out. Default None, the architecture's
            number.
        in_channels: Channels of the images. Default 3.

    Raises:
        ValueError: Another family's architecture, an even kernel size, no channels or a negative
            number of classes.
        TypeError: No architecture, or an argument of timm's or torchvision's networks, or of
            `RedNet`.

    Examples:
        >>> import torch
        >>> from involution_core import ARCHITECTURES
        >>> ResNet(ARCHITECTURES["resnet-small"])(torch.randn(2, 3, 32, 32)).shape
        torch.Size([2, 10])

    References:
        He et al., "Deep Residual Learning for Image Recognition", CVPR 2016; the stride lies in
        the K x K convolution.
    """

    @refusing(names({**INSTEAD, **OF_INVOLUTIONS}))
    def __init__(
        self,
        architecture: Architecture,
        *,
        kernel_size: int = 3,
        classes: int | None = None,
        in_channels: int = 3,
    ) -> None:
        check_architecture(type(self).__name__, architecture, "resnet")
        kernel = odd_pair("kernel_size", kernel_size)
        padding = (kernel[0] // 2, kernel[1] // 2)

        def spatial(channels: int, stride: int) -> nn.Module:
            return nn.Conv2d(channels, channels, kernel, stride, padding, bias=False)

        channels = architecture.stem_channels
        if architecture.stem == "small":
            stem = conv_bn_relu(in_channels, channels, 3, 2)
        else:
            stem = [*conv_bn_relu(in_channels, channels, 7, 2), nn.MaxPool2d(3, 2, 1)]
        super().__init__(architecture, nn.Sequential(*stem), spatial, classes)
