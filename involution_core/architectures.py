"""The networks as integers: depths, widths, stems. No torch.

Both the modules (`networks.py`) and whoever needs a network's geometry without
building it (validation, closed forms) read it here.
"""

from dataclasses import dataclass
from typing import Literal

EXPANSION = 4
"""A bottleneck's output has this many times the channels of its middle."""

STEM_KERNEL_SIZE = 3
STEM_GROUP_CHANNELS = 16
STEM_REDUCTION_RATIO = 4


@dataclass(frozen=True)
class Architecture:
    """A residual bottleneck network, RedNet or ResNet.

    family:     "rednet" has an involution in the middle of every bottleneck,
                "resnet" a 3x3 convolution.
    blocks:     bottlenecks per stage; every stage but the first halves the map.
    width:      channels in the middle of the first stage's bottlenecks; each
                later stage doubles them.
    stem:       "imagenet" reduces the map by 4 (RedNet: with an involution in
                it, ResNet: 7x7 convolution), "small" by 2 with one convolution.
    image_size: side of the square input that the network is meant for, pixels.
    classes:    outputs of the classifier that the network is meant for.
    """

    name: str
    family: Literal["rednet", "resnet"]
    blocks: tuple[int, ...]
    width: int = 64
    stem: Literal["imagenet", "small"] = "imagenet"
    image_size: int = 224
    classes: int = 1000

    @property
    def title(self) -> str:
        """As people read it: "RedNet-50"."""
        rest = self.name.removeprefix(self.family)
        return f"{TITLES[self.family]}-{rest.removeprefix('-')}"

    @property
    def stage_channels(self) -> tuple[int, ...]:
        """Channels in the middle of each stage's bottlenecks."""
        return tuple(self.width * 2**stage for stage in range(len(self.blocks)))

    @property
    def stem_channels(self) -> int:
        return self.width

    @property
    def features(self) -> int:
        """Channels that reach the classifier."""
        return self.stage_channels[-1] * EXPANSION


TITLES = {"rednet": "RedNet", "resnet": "ResNet"}

FAMILIES: tuple[Literal["rednet", "resnet"], ...] = ("rednet", "resnet")

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
"""Every network by name."""


def counterpart(
    architecture: Architecture, family: Literal["rednet", "resnet"], depth: int | None = None
) -> Architecture:
    """The network of another family, or of a depth in DEPTHS, for the same kind of images."""
    blocks = architecture.blocks if depth is None else DEPTHS[depth]
    wanted = (family, architecture.stem, blocks)
    return next(a for a in ARCHITECTURES.values() if (a.family, a.stem, a.blocks) == wanted)
