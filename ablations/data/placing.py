"""Where images lie, and how they come to the network."""

import torch
from torch import Tensor

CPU = torch.device("cpu")
ROOM = 4
"""Of a GPU's free memory images take this part at most: the rest is the training's."""


def place_of(held: int, device: torch.device) -> torch.device:
    """Returns where `held` bytes of images lie that a network on `device` learns from: there, or in
    the computer's memory where a GPU has no room for them."""
    if device.type != "cuda":
        return device
    free, _ = torch.cuda.mem_get_info(device)
    return device if held <= free / ROOM else CPU


def on_device(batch: tuple[Tensor, Tensor], device: torch.device) -> tuple[Tensor, Tensor]:
    """Returns images and labels there. From pinned memory a GPU copies them in its own order of
    work, for which nobody waits."""
    images, labels = batch
    return images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
