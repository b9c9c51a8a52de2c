"""What optimises a network, by the settings of its training."""

import torch
from torch import nn

from ablations.study.train_settings import TrainSettings

ADAMW_SECOND_BETA = 0.999


def make_optimizer(network: nn.Module, settings: TrainSettings, lr: float) -> torch.optim.Optimizer:
    """The optimizer of `network`, at the rate `lr`."""
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(
            network.parameters(),
            lr,
            betas=(settings.momentum, ADAMW_SECOND_BETA),
            weight_decay=settings.weight_decay,
        )
    return torch.optim.SGD(
        network.parameters(),
        lr,
        settings.momentum,
        weight_decay=settings.weight_decay,
        nesterov=settings.momentum > 0,
    )
