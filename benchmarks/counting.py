"""Writes the table of docs/counting.md: networks of torchvision and timm by both counters.

    pip install timm
    python benchmarks/counting.py

It takes some minutes. Nothing is downloaded: counts do not depend on the weights.
"""

import sys

sys.path.append(sys.path.pop(0))  # this folder last: its operator.py is not the standard library's

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torchvision
from torch import nn

from ablations.costs.counters import macs_by_counter

TARGET = Path(__file__).parent.parent / "docs" / "counting.md"
BEGIN, END = "<!-- networks: begin -->\n", "<!-- networks: end -->"

OF_TORCHVISION = (
    "alexnet", "vgg11_bn", "resnet18", "resnet50", "resnext50_32x4d", "densenet121", "googlenet",
    "inception_v3", "squeezenet1_1", "shufflenet_v2_x1_0", "mobilenet_v2", "mobilenet_v3_small",
    "mobilenet_v3_large", "mnasnet1_0", "efficientnet_b0", "efficientnet_v2_s", "regnet_y_400mf",
    "regnet_x_400mf", "convnext_tiny", "vit_b_16", "swin_t", "swin_v2_t", "maxvit_t",
)  # fmt: skip

OF_TIMM = {
    "deit_tiny_patch16_224": 224, "beit_base_patch16_224": 224, "cait_xxs24_224": 224,
    "coat_lite_tiny": 224, "crossvit_tiny_240": 240, "pvt_v2_b0": 224, "twins_svt_small": 224,
    "xcit_nano_12_p16_224": 224, "levit_128s": 224, "mobilevit_xxs": 256, "edgenext_xx_small": 224,
    "eva02_tiny_patch14_224": 224, "focalnet_tiny_srf": 224, "mixer_s32_224": 224,
    "resmlp_12_224": 224, "gmlp_ti16_224": 224, "poolformer_s12": 224, "convmixer_768_32": 224,
    "sequencer2d_s": 224, "halonet26t": 256, "botnet26t_256": 256, "ghostnet_100": 224,
    "dla34": 224, "skresnet18": 224, "resnest14d": 224, "repvgg_a0": 224, "fastvit_t8": 256,
    "efficientformer_l1": 224, "tf_efficientnet_b0": 224, "tiny_vit_5m_224": 224,
}  # fmt: skip
"""Name -> side of the image, pixels."""


@dataclass(frozen=True)
class Counted:
    """A network by both counters. published: GMACs, by the weights of torchvision."""

    library: str
    name: str
    side: int
    params: int
    fvcore: int
    torch: int
    published: str


def of_torchvision(name: str) -> Counted:
    weights = torchvision.models.get_model_weights(name).DEFAULT
    untrained = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    network = torchvision.models.get_model(name, weights=None, **untrained)
    side = weights.transforms.keywords["crop_size"]
    return _count("torchvision", name, network, side, f"{weights.meta['_ops']:.3f}")


def of_timm(name: str) -> Counted:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import timm

        network = timm.create_model(name)
    return _count("timm", name, network, OF_TIMM[name], "–")


def _count(library: str, name: str, network: nn.Module, side: int, published: str) -> Counted:
    with warnings.catch_warnings():  # of the libraries, while they are traced
        warnings.simplefilter("ignore")
        macs = macs_by_counter(network, torch.zeros(1, 3, side, side))
    params = sum(parameter.numel() for parameter in network.parameters())
    return Counted(library, name, side, params, macs["fvcore"], macs["FlopCounterMode"], published)


def row(counted: Counted) -> str:
    """Its line of the table."""
    return (
        f"| {counted.library} | `{counted.name}` | {counted.side} | {counted.params:,} "
        f"| {counted.fvcore:,} | {counted.torch:,} | {counted.published} |"
    )


def table() -> Iterator[str]:
    """The lines of the table."""
    yield "| | Network | Side | #Params | MACs, fvcore | MACs, FlopCounterMode | Published (G) |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for name in OF_TORCHVISION:
        yield row(of_torchvision(name))
    for name in OF_TIMM:
        yield row(of_timm(name))


def draw() -> str:
    """The page with today's table."""
    page = TARGET.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + "\n".join(table()) + "\n\n" + END + after


if __name__ == "__main__":
    TARGET.write_text(draw(), encoding="utf-8")
