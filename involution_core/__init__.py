"""Involution (Li et al., CVPR 2021): the operator, its modules and its networks.

The public names load on first use, so that reading the architectures (plain integers) costs no
import of torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from involution_core.checkpoints.official import load_official
    from involution_core.counting import add_flop_handles, register_macs
    from involution_core.generators.attention import attention_kernel
    from involution_core.generators.kernel_generator import KernelGenerator
    from involution_core.generators.paper_generators import (
        AttentionGenerator,
        BottleneckGenerator,
        LinearGenerator,
        SpanGenerator,
    )
    from involution_core.generators.span import Span
    from involution_core.layer.involution import Involution, Involution1d
    from involution_core.layer.volumes import Involution3d
    from involution_core.networks.architectures import ARCHITECTURES, Architecture
    from involution_core.networks.builders import (
        build_network,
        list_networks,
        rednet26,
        rednet26_small,
        rednet38,
        rednet38_small,
        rednet50,
        rednet50_small,
        rednet101,
        rednet101_small,
        rednet152,
        rednet152_small,
        rednet_small,
        resnet26,
        resnet26_small,
        resnet38,
        resnet38_small,
        resnet50,
        resnet50_small,
        resnet101,
        resnet101_small,
        resnet152,
        resnet152_small,
        resnet_small,
    )
    from involution_core.networks.feature_maps import FeatureBackbone
    from involution_core.networks.folding import fuse_for_inference
    from involution_core.networks.rednet import RedNet, ResNet
    from involution_core.operator.functional import involution2d

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "AttentionGenerator",
    "BottleneckGenerator",
    "FeatureBackbone",
    "Involution",
    "Involution1d",
    "Involution3d",
    "KernelGenerator",
    "LinearGenerator",
    "RedNet",
    "ResNet",
    "Span",
    "SpanGenerator",
    "add_flop_handles",
    "attention_kernel",
    "build_network",
    "fuse_for_inference",
    "involution2d",
    "list_networks",
    "load_official",
    "rednet26",
    "rednet26_small",
    "rednet38",
    "rednet38_small",
    "rednet50",
    "rednet50_small",
    "rednet101",
    "rednet101_small",
    "rednet152",
    "rednet152_small",
    "rednet_small",
    "register_macs",
    "resnet26",
    "resnet26_small",
    "resnet38",
    "resnet38_small",
    "resnet50",
    "resnet50_small",
    "resnet101",
    "resnet101_small",
    "resnet152",
    "resnet152_small",
    "resnet_small",
]

_HOME = {
    "add_flop_handles": "counting",
    "register_macs": "counting",
    "involution2d": "operator.functional",
    "Involution": "layer.involution",
    "Involution1d": "layer.involution",
    "Involution3d": "layer.volumes",
    "KernelGenerator": "generators.kernel_generator",
    "LinearGenerator": "generators.paper_generators",
    "SpanGenerator": "generators.paper_generators",
    "Span": "generators.span",
    "BottleneckGenerator": "generators.paper_generators",
    "AttentionGenerator": "generators.paper_generators",
    "attention_kernel": "generators.attention",
    "RedNet": "networks.rednet",
    "ResNet": "networks.rednet",
    "FeatureBackbone": "networks.feature_maps",
    "fuse_for_inference": "networks.folding",
    "load_official": "checkpoints.official",
    "ARCHITECTURES": "networks.architectures",
    "Architecture": "networks.architectures",
    "build_network": "networks.builders",
    "list_networks": "networks.builders",
    **{name: "networks.builders" for name in __all__ if name.startswith(("rednet", "resnet"))},
}
"""Public name -> the module that defines it."""


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
