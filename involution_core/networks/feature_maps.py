"""A network as a backbone: the feature maps that detectors and segmenters take."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from torch import Tensor, nn

from involution_core.networks.architectures import EXPANSION, Architecture
from involution_core.networks.rednet import BottleneckNetwork, described
from involution_core.operator.integers import integer


class FeatureMap(NamedTuple):
    """One feature map.

    Attributes:
        module: The backbone's child that makes it.
        channels: C.
        reduction: The image's side over the map's, rounded up where it does not divide.
    """

    module: str
    channels: int
    reduction: int


class FeatureInfo(tuple[FeatureMap, ...]):
    """The feature maps of a backbone, in the order in which it returns them.

    Columns are had as timm's `feature_info` has them.
    """

    def channels(self) -> list[int]:
        """C of each map."""
        return [feature.channels for feature in self]

    def reduction(self) -> list[int]:
        """Pixels of the image, along a side, for one of each map."""
        return [feature.reduction for feature in self]

    def module_name(self) -> list[str]:
        """The backbone's child that makes each map."""
        return [feature.module for feature in self]


class FeatureBackbone(nn.Module):
    """A network without pooling and classifier, that returns feature maps.

    Its children run one after the other, `stem`, `pool` (where the stem has one) and `layer1` to
    `layer4`, so that torchvision's `IntermediateLayerGetter` and `BackboneWithFPN` take it. The
    modules are those of the network: what is trained in one is trained in the other.

    Args:
        network: A RedNet or ResNet, in any state: load its weights before or after.
        out_indices: Which maps: 0 is the stem's, before its pooling (C1 of "imagenet" networks), i
            is the i-th stage's (C2 to C5). Stages after the last requested one are left out.
            Default None, the maps of all stages.

    Attributes:
        feature_info: The maps, a `FeatureInfo`.

    Raises:
        ValueError: No indices, an index that the network does not have, or not in rising order.
        TypeError: `network` is something else.

    Examples:
        >>> import torch
        >>> from involution_core import rednet_small
        >>> backbone = FeatureBackbone(rednet_small())
        >>> backbone.feature_info.channels(), backbone.feature_info.reduction()
        ([128, 256], [2, 4])
        >>> [tuple(maps.shape) for maps in backbone(torch.randn(1, 3, 32, 48))]
        [(1, 128, 16, 24), (1, 256, 8, 12)]

    References:
        The numbers of maps and the columns of `feature_info` are timm's for its ResNets; the names
        of the stages torchvision's.
    """

    def __init__(
        self, network: BottleneckNetwork, out_indices: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        if not isinstance(network, BottleneckNetwork):
            raise TypeError(f"network must be a RedNet or ResNet, got {described(network)}")
        stages = len(network.stages)
        every = range(1, stages + 1)
        wanted = _as_given(every if out_indices is None else out_indices)
        if not wanted or wanted != sorted({*wanted} & {0, *every}):
            raise ValueError(
                f"out_indices must be rising, of 0 (the stem) to {stages} (the last stage) of "
                f"{network.architecture.name}, got {out_indices!r}"
            )
        self.architecture = network.architecture
        self.stem, pool = _split(network.stem)
        if pool is not None:
            self.pool = pool
        for index in range(1, wanted[-1] + 1):
            self.add_module(f"layer{index}", network.stages[index - 1])
        maps = _feature_maps(network.architecture)
        self.feature_info = FeatureInfo(maps[index] for index in wanted)
        self.train(network.training)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Make the feature maps.

        Args:
            x: The images, shape (N, in_channels, H, W).

        Returns:
            A map for each entry of `feature_info`, shape (N, C, ⌈H/reduction⌉, ⌈W/reduction⌉).
        """
        maps, returned = [], self.feature_info.module_name()
        for name, module in self.named_children():
            x = module(x)
            if name in returned:
                maps.append(x)
        return maps


def _as_given(indices: object) -> list[int]:
    """The integers; none where something else is among them."""
    written = [*indices] if isinstance(indices, Iterable) else []
    found = [index for each in written if (index := integer(each)) is not None]
    return found if len(found) == len(written) else []


def _split(stem: nn.Sequential) -> tuple[nn.Sequential, nn.Module | None]:
    """The stem before its pooling, and that."""
    return (stem[:-1], stem[-1]) if isinstance(stem[-1], nn.MaxPool2d) else (stem, None)


def _feature_maps(architecture: Architecture) -> list[FeatureMap]:
    """Every map that the network has: the stem's, then each stage's."""
    maps = [FeatureMap("stem", architecture.stem_channels, 2)]
    reduction = 4 if architecture.stem == "imagenet" else 2
    for stage, channels in enumerate(architecture.stage_channels):
        maps.append(FeatureMap(f"layer{stage + 1}", channels * EXPANSION, reduction * 2**stage))
    return maps
