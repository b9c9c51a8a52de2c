"""From a variant to its network."""

import torch
from torch import Tensor, nn

from ablations.costs.fvcore_counter import count_cost
from ablations.costs.torch_counter import second_count
from ablations.errors import one_line
from ablations.own_code import load_object
from ablations.study.variants import Variant
from involution_core.architectures import STEM_KERNEL_SIZE, Architecture
from involution_core.networks import RedNet, ResNet


def build(
    architecture: Architecture,
    variant: Variant,
    classes: int,
    stem_kernel_size: int = STEM_KERNEL_SIZE,
) -> nn.Module:
    """The network of `variant` in the shape of `architecture`: (N, 3, H, W) -> (N, classes).

    A user's family is called with the architecture and `classes`; a user's generator is a
    `generators.GeneratorFactory`. Raises ValueError where one cannot be loaded.
    """
    if variant.family == "resnet":
        return ResNet(architecture, classes=classes)
    if ":" in variant.family:
        return load_object(variant.family)(architecture, classes=classes)
    own = ":" in variant.generator
    return RedNet(
        architecture,
        kernel_size=variant.kernel_size,
        group_channels=variant.group_channels,
        generator=load_object(variant.generator) if own else variant.generator,
        stem_kernel_size=stem_kernel_size,
        classes=classes,
    )


def check_own_code(variant: Variant, architecture: Architecture) -> None:
    """Raises ValueError, one line, where a user's code does not make a network that takes images
    of the architecture's size, gives one score a class and can be counted."""
    for spec in variant.own_code:
        load_object(spec)
    size, classes = architecture.image_size, architecture.classes
    try:
        network = build(architecture, variant, classes)
        if not isinstance(network, nn.Module):
            raise TypeError(f"it makes a {type(network).__name__} and no torch.nn.Module")
        with torch.no_grad():
            scores = network.eval()(torch.zeros(2, 3, size, size))
    except (Exception, SystemExit) as error:  # whatever a user's code does
        raise ValueError(f"cannot be run in {architecture.name}: {one_line(error)}") from None
    given = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
    if given != (2, classes):
        raise ValueError(f"gives {given} for two images, and has to give (2, {classes})")
    try:
        count_cost(network, size)
        second_count(network, size)
    except (Exception, SystemExit) as error:
        raise ValueError(f"cannot be counted in {architecture.name}: {one_line(error)}") from None
