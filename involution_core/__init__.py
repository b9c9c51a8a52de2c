"""Involution (Li et al., CVPR 2021): the operator, its modules and its networks.

The public names load on first use, so that reading the architectures (plain
integers) costs no import of torch.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "involution2d": "functional",
    "Involution": "involution",
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

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
