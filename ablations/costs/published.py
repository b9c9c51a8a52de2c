"""The published numbers, as data with their source. No torch.

ablation.csv:   the three ablation tables of "Involution: Inverting the Inherence of Convolution
                for Visual Recognition" (CVPR 2021): RedNet-50, ImageNet, 224x224.
rednet_zoo.csv: the model zoo of the authors' repository, github.com/d-li14/involution.
envelope.csv:   the two figures "Image Classification" of the authors' slides: ImageNet Top-1
                against FLOPs and against parameters, nine families of networks. The figures print
                no numbers: these were read off the curves, each within the READ_OFF errors below.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ablations.networks.network import Network
from ablations.study.all_settings import AXES
from ablations.study.variants import make_variant
from involution_core.networks.architectures import ARCHITECTURES, Architecture

IMAGENET_VALIDATION = 50_000
"""Images of ImageNet's validation split, on which every Top-1 and Top-5 here was measured."""

READ_OFF_PARAMS_M = 0.1
"""How far a point of envelope.csv may lie from what the figure was drawn of, M parameters."""

READ_OFF_FLOPS_G = 0.05
"""The same, G FLOPs."""

READ_OFF_TOP1 = 0.05
"""The same, percentage points of Top-1."""

ENVELOPE_DEPTHS = (26, 38, 50, 101, 152)
"""Depths of the figures' ResNets and RedNets, in the order of their points."""

ENVELOPE_FAMILIES = {"resnet": "ResNet", "rednet": "RedNet"}
"""Families of the figures whose networks can be built here, by their names here -> as printed."""


@dataclass(frozen=True)
class Published:
    """One row as printed: millions of parameters, "FLOPs" in G, ImageNet Top-1 in percent, and
    Top-5 where it is printed (the ablation tables have none).

    Strings, because the number of printed digits is part of the fact. For a point read off a figure
    (`EnvelopePoint.row`) they are the legible digits.
    """

    params_m: str
    flops_g: str
    top1_percent: str
    top5_percent: str | None = None


@dataclass(frozen=True)
class EnvelopePoint:
    """One network as read off the figures: millions of parameters, "FLOPs" in G, ImageNet Top-1 in
    percent. Floats, because no digit of them is printed anywhere."""

    params_m: float
    flops_g: float
    top1_percent: float

    @property
    def row(self) -> Published:
        """The point with the digits that can be read off the figures."""
        return Published(f"{self.params_m:.1f}", f"{self.flops_g:.2f}", f"{self.top1_percent:.1f}")


@cache
def _rows(name: str) -> list[dict[str, str]]:
    text = (files("ablations.costs") / "published_data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _published(row: dict[str, str]) -> Published:
    top5 = row.get("top5_percent")
    return Published(row["params_m"], row["flops_g"], row["top1_percent"], top5)


@cache
def ablation() -> dict[tuple[str, str], Published]:
    """(study, name of the variant) -> the row of the paper's ablation table."""
    return {(row["study"], row["variant"]): _published(row) for row in _rows("ablation.csv")}


_AXES = {
    "kernel-size": "kernel_size",
    "group-channels": "group_channels",
    "kernel-generator": "generator",
}


def published_row(network: Network, architecture: Architecture) -> Published | None:
    """The row of the paper's ablation tables that is this network, if one is."""
    if architecture != ARCHITECTURES["rednet50"] or not network.kind.has_involutions:
        return None
    plain = _plain(network)
    rows = {
        make_variant({_AXES[study]: AXES[_AXES[study]].read(name)}).network: row
        for (study, name), row in ablation().items()
    }
    return rows.get(plain)


def _plain(network: Network) -> Network:
    """Without what its architecture says as well."""
    return Network(network.kernel_size, network.group_channels, network.generator, network.family)


def envelope_point(network: Network, architecture: Architecture) -> EnvelopePoint | None:
    """The point of the accuracy-cost figures that is this network, if one is."""
    for family, printed in ENVELOPE_FAMILIES.items():
        for depth, point in zip(ENVELOPE_DEPTHS, envelope()[printed], strict=True):
            same = architecture == ARCHITECTURES[f"{family}{depth}"]
            if same and _plain(network) == Network(family=family):
                return point
    return None


@cache
def zoo() -> dict[str, Published]:
    """Model name as printed ("RedNet-50") -> the row of the model zoo."""
    return {row["model"]: _published(row) for row in _rows("rednet_zoo.csv")}


def zoo_row(model: str) -> Published:
    """The model zoo's row of a network by its name here ("rednet50"); KeyError for any other."""
    return {name.lower().replace("-", ""): row for name, row in zoo().items()}[model]


@cache
def envelope() -> dict[str, list[EnvelopePoint]]:
    """Family as printed ("SAN (pairwise)") -> its points in the file's order, small to large."""
    families: dict[str, list[EnvelopePoint]] = {}
    for row in _rows("envelope.csv"):
        point = EnvelopePoint(
            float(row["params_m"]), float(row["flops_g"]), float(row["top1_percent"])
        )
        families.setdefault(row["family"], []).append(point)
    return families
