"""The networks by name: a builder for each, and `build_network` for a name in a variable."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal, TypedDict, Unpack, overload

from involution_core.generators.factories import GeneratorFactory
from involution_core.networks.architectures import ARCHITECTURES, did_you_mean
from involution_core.networks.feature_maps import FeatureBackbone
from involution_core.networks.rednet import BottleneckNetwork, RedNet, ResNet


class ResNetOptions(TypedDict, total=False):
    """Keyword arguments of `ResNet` and of the builders `resnet26` to `resnet152_small`."""

    kernel_size: int
    classes: int | None
    in_channels: int


class RedNetOptions(ResNetOptions, total=False):
    """Keyword arguments of `RedNet` and of the builders `rednet26` to `rednet152_small`."""

    group_channels: int | Literal["C"]
    generator: str | GeneratorFactory
    stem_kernel_size: int
    backend: str | None


def list_networks(pattern: str = "*") -> list[str]:
    """The names that `build_network` takes.

    A builder has the network's name, with an underscore for the hyphen.

    Args:
        pattern: With the wildcards *, ? and [...]. Default all.

    Returns:
        The names, in the order of `ARCHITECTURES`.

    Examples:
        >>> list_networks("rednet1??")
        ['rednet101', 'rednet152']

    References:
        timm's `list_models`, which takes the same patterns.
    """
    return [name for name in ARCHITECTURES if fnmatchcase(name, pattern)]


@overload
def build_network(
    name: str, *, features_only: Literal[False] = False, **options: Any
) -> BottleneckNetwork: ...


@overload
def build_network(
    name: str,
    *,
    features_only: Literal[True],
    out_indices: Sequence[int] | None = None,
    **options: Any,
) -> FeatureBackbone: ...


def build_network(
    name: str,
    *,
    features_only: bool = False,
    out_indices: Sequence[int] | None = None,
    **options: Any,
) -> BottleneckNetwork | FeatureBackbone:
    """Build a network by name.

    Args:
        name: A name in `ARCHITECTURES`, such as "rednet50" or "resnet-small".
        features_only: True gives the network as a `FeatureBackbone`. Default False.
        out_indices: Which feature maps that returns. Default None, one of every stage.
        **options: Keyword arguments of `RedNet` or `ResNet`.

    Returns:
        The network with random weights, in training mode.

    Raises:
        ValueError: An unknown name, options that do not fit the network, or out_indices without
            features_only.

    Examples:
        >>> network = build_network("rednet-small", kernel_size=5, generator="W", classes=7)
        >>> network.classifier.out_features
        7
        >>> backbone = build_network("resnet50", features_only=True, out_indices=(3, 4))
        >>> backbone.feature_info.channels()
        [1024, 2048]

    References:
        Li et al., CVPR 2021 (RedNet); He et al., CVPR 2016 (ResNet).
    """
    if name not in [*ARCHITECTURES]:
        known = ", ".join(ARCHITECTURES)
        raise ValueError(f"model must be one of {known}, got {name!r}{did_you_mean(name)}")
    if out_indices is not None and not features_only:
        raise ValueError("out_indices are those of a network with features_only=True")
    architecture = ARCHITECTURES[name]
    network = (RedNet if architecture.family == "rednet" else ResNet)(architecture, **options)
    return FeatureBackbone(network, out_indices) if features_only else network


def rednet26(**options: Unpack[RedNetOptions]) -> RedNet:
    """RedNet-26 for 224x224 images and 1000 classes; see `RedNet`."""
    return RedNet(ARCHITECTURES["rednet26"], **options)


def rednet38(**options: Unpack[RedNetOptions]) -> RedNet:
    """RedNet-38 for 224x224 images and 1000 classes; see `RedNet`."""
    return RedNet(ARCHITECTURES["rednet38"], **options)


def rednet50(**options: Unpack[RedNetOptions]) -> RedNet:
    """RedNet-50 for 224x224 images and 1000 classes; see `RedNet`."""
    return RedNet(ARCHITECTURES["rednet50"], **options)


def rednet101(**options: Unpack[RedNetOptions]) -> RedNet:
    """RedNet-101 for 224x224 images and 1000 classes; see `RedNet`."""
    return RedNet(ARCHITECTURES["rednet101"], **options)


def rednet152(**options: Unpack[RedNetOptions]) -> RedNet:
    """RedNet-152 for 224x224 images and 1000 classes; see `RedNet`."""
    return RedNet(ARCHITECTURES["rednet152"], **options)


def resnet26(**options: Unpack[ResNetOptions]) -> ResNet:
    """ResNet-26 for 224x224 images and 1000 classes; see `ResNet`."""
    return ResNet(ARCHITECTURES["resnet26"], **options)


def resnet38(**options: Unpack[ResNetOptions]) -> ResNet:
    """ResNet-38 for 224x224 images and 1000 classes; see `ResNet`."""
    return ResNet(ARCHITECTURES["resnet38"], **options)


def resnet50(**options: Unpack[ResNetOptions]) -> ResNet:
    """ResNet-50 for 224x224 images and 1000 classes; see `ResNet`."""
    return ResNet(ARCHITECTURES["resnet50"], **options)


def resnet101(**options: Unpack[ResNetOptions]) -> ResNet:
    """ResNet-101 for 224x224 images and 1000 classes; see `ResNet`."""
    return ResNet(ARCHITECTURES["resnet101"], **options)


def resnet152(**options: Unpack[ResNetOptions]) -> ResNet:
    """ResNet-152 for 224x224 images and 1000 classes; see `ResNet`."""
    return ResNet(ARCHITECTURES["resnet152"], **options)


def rednet_small(**options: Unpack[RedNetOptions]) -> RedNet:
    """RedNet-small for 32x32 images and 10 classes; see `RedNet`."""
    return RedNet(ARCHITECTURES["rednet-small"], **options)


def resnet_small(**options: Unpack[ResNetOptions]) -> ResNet:
    """ResNet-small for 32x32 images and 10 classes; see `ResNet`."""
    return ResNet(ARCHITECTURES["resnet-small"], **options)


def rednet26_small(**options: Unpack[RedNetOptions]) -> RedNet:
    """RedNet-26-small for 32x32 images and 10 classes; see `RedNet`."""
    return RedNet(ARCHITECTURES["rednet26-small"], **options)


def rednet38_small(**options: Unpack[RedNetOptions]) -> RedNet:
    """RedNet-38-small for 32x32 images and 10 classes; see `RedNet`."""
    return RedNet(ARCHITECTURES["rednet38-small"], **options)


def rednet50_small(**options: Unpack[RedNetOptions]) -> RedNet:
    """RedNet-50-small for 32x32 images and 10 classes; see `RedNet`."""
    return RedNet(ARCHITECTURES["rednet50-small"], **options)


def rednet101_small(**options: Unpack[RedNetOptions]) -> RedNet:
    """RedNet-101-small for 32x32 images and 10 classes; see `RedNet`."""
    return RedNet(ARCHITECTURES["rednet101-small"], **options)


def rednet152_small(**options: Unpack[RedNetOptions]) -> RedNet:
    """RedNet-152-small for 32x32 images and 10 classes; see `RedNet`."""
    return RedNet(ARCHITECTURES["rednet152-small"], **options)


def resnet26_small(**options: Unpack[ResNetOptions]) -> ResNet:
    """ResNet-26-small for 32x32 images and 10 classes; see `ResNet`."""
    return ResNet(ARCHITECTURES["resnet26-small"], **options)


def resnet38_small(**options: Unpack[ResNetOptions]) -> ResNet:
    """ResNet-38-small for 32x32 images and 10 classes; see `ResNet`."""
    return ResNet(ARCHITECTURES["resnet38-small"], **options)


def resnet50_small(**options: Unpack[ResNetOptions]) -> ResNet:
    """ResNet-50-small for 32x32 images and 10 classes; see `ResNet`."""
    return ResNet(ARCHITECTURES["resnet50-small"], **options)


def resnet101_small(**options: Unpack[ResNetOptions]) -> ResNet:
    """ResNet-101-small for 32x32 images and 10 classes; see `ResNet`."""
    return ResNet(ARCHITECTURES["resnet101-small"], **options)


def resnet152_small(**options: Unpack[ResNetOptions]) -> ResNet:
    """ResNet-152-small for 32x32 images and 10 classes; see `ResNet`."""
    return ResNet(ARCHITECTURES["resnet152-small"], **options)
