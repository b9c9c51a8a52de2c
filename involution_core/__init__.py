"""Involution (Li et al., CVPR 2021): the operator, its modules and its networks.

The public names load on first use, so that reading the architectures (plain integers) costs no
import of torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from involution_core.architectures import ARCHITECTURES, Architecture
    from involution_core.attention import attention_kernel
    from involution_core.checkpoints import load_official
    from involution_core.functional import involution2d
    from involution_core.generators import (
        AttentionGenerator,
        BottleneckGenerator,
        KernelGenerator,
        LinearGenerator,
    )
    from involution_core.involution import Involution, Involution1d
    from involution_core.networks import RedNet, ResNet, build_network

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "AttentionGenerator",
    "BottleneckGenerator",
    "Involution",
    "Involution1d",
    "KernelGenerator",
    "LinearGenerator",
    "RedNet",
    "ResNet",
    "attention_kernel",
    "build_network",
    "involution2d",
    "load_official",
]

_HOME = {
    "involution2d": "functional",
    "Involution": "involution",
    "Involution1d": "involution",
    "KernelGenerator": "generators",
    "LinearGenerator": "generators",
    "BottleneckGenerator": "generators",
    "AttentionGenerator": "generators",
    "attention_kernel": "attention",
    "RedNet": "networks",
    "ResNet": "networks",
    "build_network": "networks",
    "load_official": "checkpoints",
    "ARCHITECTURES": "architectures",
    "Architecture": "architectures",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
