"""What networks refuse: other libraries' arguments, and what is no architecture. No torch."""

from typing import Literal

from involution_core.networks.architectures import Architecture

INSTEAD = {
    **dict.fromkeys(("num_classes", "n_classes", "out_features"), "write classes"),
    **dict.fromkeys(("in_chans", "in_ch", "channels"), "write in_channels"),
    **dict.fromkeys(
        ("pretrained", "weights", "checkpoint_path"),
        "its weights are random; load_official loads the authors'",
    ),
    **dict.fromkeys(
        ("features_only", "out_indices"), "write build_network(name, features_only=True, ...)"
    ),
}
"""Arguments of timm's and torchvision's networks, and what to write instead."""

OF_INVOLUTIONS = dict.fromkeys(
    ("backend", "generator", "group_channels", "stem_kernel_size"), "it has no involution"
)
"""Arguments of `RedNet` that `ResNet` has not, and why."""


def check_architecture(
    network: str, architecture: object, family: Literal["rednet", "resnet"]
) -> None:
    """Check what a network is built from.

    Args:
        network: The network's class, for an error.
        architecture: What it is given.
        family: What it takes.

    Raises:
        TypeError: It is no architecture.
        ValueError: It is one of another family.
    """
    wanted = f"{network} takes an architecture of the family {family!r}"
    if not isinstance(architecture, Architecture):
        raise TypeError(
            f"{wanted}, got {architecture!r}; write ARCHITECTURES[name], or build_network(name)"
        )
    if architecture.family != family:
        raise ValueError(f"{wanted}, got {architecture.name}; build_network takes every name")
