"""The networks as integers: depths, widths, stems. No torch.

`networks.py` builds modules from them; other code reads a network's geometry here without building
it.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

EXPANSION = 4
"""A bottleneck's output has this many times the channels of its middle."""

STEM_KERNEL_SIZE = 3
"""K of the involution in RedNet's stem, as in the authors' classification code."""

STEM_GROUP_CHANNELS = 16
"""Channels that share a kernel in that involution."""

STEM_REDUCTION_RATIO = 4
"""r of that involution."""


@dataclass(frozen=True)
class Architecture:
    """The shape of a residual bottleneck network, RedNet or ResNet.

    Attributes:
        name: What the network is called.
        family: "rednet" has an involution in the middle of every bottleneck, "resnet" a 3x3
            convolution.
        blocks: Bottlenecks of each stage. Every stage but the first halves the map.
        width: Channels in the middle of the first stage's bottlenecks; each later stage doubles
            them. Default 64.
        stem: "imagenet" reduces the map by 4 (RedNet with an involution in it, ResNet with a 7x7
            convolution), "small" by 2 with one convolution. Default "imagenet".
        image_size: Side of the square input that the network is meant for, in pixels; the height
            where the input is oblong. Default 224.
        classes: Outputs of the classifier that the network is meant for. Default 1000.
        image_width: Width of an oblong input, in pixels. Default None, the input is square.

    Examples:
        >>> ARCHITECTURES["rednet50"].stage_channels
        (64, 128, 256, 512)
        >>> ARCHITECTURES["rednet50"].features
        2048

    References:
        Li et al., CVPR 2021 (RedNet); He et al., CVPR 2016 (ResNet).
    """

    name: str
    family: Literal["rednet", "resnet"]
    blocks: tuple[int, ...]
    width: int = 64
    stem: Literal["imagenet", "small"] = "imagenet"
    image_size: int = 224
    classes: int = 1000
    image_width: int | None = None

    @property
    def title(self) -> str:
        """As people read it: "RedNet-50"."""
        rest = self.name.removeprefix(self.family)
        return f"{TITLES[self.family]}-{rest.removeprefix('-')}"

    @property
    def image_shape(self) -> tuple[int, int]:
        """(H, W) of the input that the network is meant for, in pixels."""
        return self.image_size, self.image_width or self.image_size

    @property
    def stage_channels(self) -> tuple[int, ...]:
        """Channels in the middle of each stage's bottlenecks, a number for each stage."""
        return tuple(self.width * 2**stage for stage in range(len(self.blocks)))

    @property
    def stem_channels(self) -> int:
        """Channels that the stem gives to the first stage."""
        return self.width

    @property
    def features(self) -> int:
        """Channels that reach the classifier."""
        return self.stage_channels[-1] * EXPANSION


TITLES = {"rednet": "RedNet", "resnet": "ResNet"}
"""Family -> as people read it."""

FAMILIES: tuple[Literal["rednet", "resnet"], ...] = ("rednet", "resnet")
"""The families that an architecture can belong to."""

DEPTHS = {
    26: (1, 2, 4, 1),
    38: (2, 3, 5, 2),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
"""Layers -> bottlenecks of each stage, as the paper and the authors' model zoo have them."""

_SMALL: dict = {"width": 32, "stem": "small", "image_size": 32, "classes": 10}
_SHALLOW = (1, 1)

ARCHITECTURES: dict[str, Architecture] = {
    architecture.name: architecture
    for architecture in [
        *(Architecture(f"rednet{depth}", "rednet", blocks) for depth, blocks in DEPTHS.items()),
        *(Architecture(f"resnet{depth}", "resnet", blocks) for depth, blocks in DEPTHS.items()),
        Architecture("rednet-small", "rednet", _SHALLOW, **_SMALL),
        Architecture("resnet-small", "resnet", _SHALLOW, **_SMALL),
        *(
            Architecture(f"{family}{depth}-small", family, blocks, **(_SMALL | {"width": 16}))
            for family in FAMILIES
            for depth, blocks in DEPTHS.items()
        ),
    ]
}
"""Every architecture by name: `rednet26` to `rednet152` and `resnet26` to `resnet152` for 224x224
images and 1000 classes, `rednet-small`, `resnet-small` and `rednet26-small` to `resnet152-small`
for 32x32 images and 10 classes."""


def did_you_mean(name: object) -> str:
    """Words for the end of an error about a network's name.

    Args:
        name: What is no name in ARCHITECTURES.

    Returns:
        "; did you mean ...?" with the nearest one, "" where none is near.
    """
    wanted = name.lower().replace("_", "-") if isinstance(name, str) else ""
    near = get_close_matches(wanted, ARCHITECTURES, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def counterpart(
    architecture: Architecture, family: Literal["rednet", "resnet"], depth: int | None = None
) -> Architecture:
    """The network of another family, or of another depth, for the same kind of images.

    Args:
        architecture: One of ARCHITECTURES.
        family: Family of the requested network.
        depth: Layers, a key of DEPTHS. Default: as deep as `architecture`.

    Returns:
        The architecture of ARCHITECTURES with the same stem.

    Examples:
        >>> counterpart(ARCHITECTURES["rednet-small"], "resnet", 26).name
        'resnet26-small'
    """
    blocks = architecture.blocks if depth is None else DEPTHS[depth]
    wanted = (family, architecture.stem, blocks)
    return next(a for a in ARCHITECTURES.values() if (a.family, a.stem, a.blocks) == wanted)
