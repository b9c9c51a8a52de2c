"""What optimises a network, by the settings of its training."""

from typing import Any

import torch
from torch import nn

from ablations.study.train_settings import TrainSettings

ADAMW_SECOND_BETA = 0.999


def make_optimizer(network: nn.Module, settings: TrainSettings, lr: float) -> torch.optim.Optimizer:
    """The optimizer of `network`, at the rate `lr`."""
    groups = _groups(network, settings)
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr, betas=(settings.momentum, ADAMW_SECOND_BETA))
    return torch.optim.SGD(groups, lr, settings.momentum, nesterov=settings.momentum > 0)


def _groups(network: nn.Module, settings: TrainSettings) -> list[dict[str, Any]]:
    """Parameters with weight decay and, where the settings leave some out, those without."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if settings.decayed == "all":
        return [{"params": parameters, "weight_decay": settings.weight_decay}]
    weights = [parameter for parameter in parameters if parameter.ndim > 1]
    others = [parameter for parameter in parameters if parameter.ndim <= 1]
    return [
        {"params": weights, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
