"""Checks that a user's network can be run and counted."""

import torch
from torch import Tensor, nn

from ablations.costs.counters import count_cost
from ablations.costs.torch_counter import second_count
from ablations.errors import one_line
from ablations.networks.builders import build
from ablations.networks.network import Network
from ablations.own_code import load_object
from involution_core.networks.architectures import Architecture


def check_own_code(network: Network, architecture: Architecture) -> None:
    """Run a user's network once and count it.

    Raises:
        ValueError: One line, if it does not take images of the architecture's size, does not return
            one score per class, or cannot be counted.
    """
    for spec in network.own_code:
        load_object(spec)
    size, classes = architecture.image_shape, architecture.classes
    try:
        module = build(architecture, network, classes)
        if not isinstance(module, nn.Module):
            raise TypeError(f"it returns a {type(module).__name__}, not a torch.nn.Module")
        with torch.no_grad():
            scores = module.eval()(torch.zeros(2, 3, *size))
    except (Exception, SystemExit) as error:  # whatever a user's code does
        raise ValueError(f"cannot be run in {architecture.name}: {one_line(error)}") from None
    given = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
    if given != (2, classes):
        raise ValueError(f"returns {given} for two images, expected (2, {classes})")
    try:
        count_cost(module, size)
        second_count(module, size)
    except (Exception, SystemExit) as error:
        raise ValueError(f"cannot be counted in {architecture.name}: {one_line(error)}") from None
