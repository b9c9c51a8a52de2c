"""One step of optimisation: optimizer, precision, compilation."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablations.data.images import Batch, on_device
from ablations.errors import SettingError
from ablations.study.train_settings import TrainSettings
from ablations.training.team import ALONE, Team

ADAMW_SECOND_BETA = 0.999

KINDS = 1024
"""Maximum of networks and batch sizes that one process compiles. Beyond torch's default limit it
would silently compile no more."""

HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}
"""Types of autocast by precision; other precisions use no autocast."""


class Stepper:
    """Trains a network step by step.

    Args:
        network: The network, in training mode, on `device`.
        settings: Settings of the training.
        device: Where it is trained.
        lr: Learning rate until `set_rate` is called.
        team: Processes that share each batch.

    Attributes:
        scaler: Scales the loss in fp16, where small gradients would be zero; otherwise disabled.
    """

    def __init__(
        self,
        network: nn.Module,
        settings: TrainSettings,
        device: torch.device,
        lr: float,
        team: Team = ALONE,
    ) -> None:
        self.network, self.settings, self.device, self.team = network, settings, device, team
        trained = compiled(network) if settings.compile == "yes" else network
        self._forward = team.wrapped(trained)
        self.optimizer = make_optimizer(network, settings, lr)
        scales = settings.precision == "fp16"
        self.scaler = torch.amp.GradScaler(device.type, enabled=scales)

    def set_rate(self, lr: float) -> None:
        """Set the learning rate of the next steps."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr

    def step(self, batches: Iterable[Batch], images: int) -> Tensor:
        """Take one step down the mean gradient of the images of some batches.

        Args:
            batches: At least one, of each this process's part; one at a time is on the device.
            images: Number of images of all batches, in all processes.

        Returns:
            Mean loss of the images before the step, shape (). It is still on the device: reading
            it waits for the step.
        """
        total: Tensor | None = None
        for number, (pictures, labels) in enumerate(batches, 1):
            more = number * self.settings.batch_size < images
            with self.team.accumulating(self._forward, more):
                loss = self._loss(*on_device((pictures, labels), self.device))
                if len(labels) != images:
                    loss = loss * (len(labels) / images)
                if total is None:
                    self.optimizer.zero_grad()
                self.scaler.scale(self.team.weighted(loss)).backward()
            total = loss.detach() if total is None else total + loss.detach()
        assert total is not None, "a step without images"
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return self.team.summed(total)

    def _loss(self, pictures: Tensor, labels: Tensor) -> Tensor:
        with self._autocast():
            scores = self._forward(pictures).float()
            if not len(labels):  # of a batch with fewer images than processes
                return scores.sum()
            return F.cross_entropy(scores, labels, label_smoothing=self.settings.label_smoothing)

    def _autocast(self) -> AbstractContextManager[object]:
        half = HALVES.get(self.settings.precision)
        return nullcontext() if half is None else torch.autocast(self.device.type, half)


def make_optimizer(network: nn.Module, settings: TrainSettings, lr: float) -> torch.optim.Optimizer:
    """Return the optimizer of a network, at the learning rate `lr`."""
    groups = _groups(network, settings)
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr, betas=(settings.momentum, ADAMW_SECOND_BETA))
    return torch.optim.SGD(groups, lr, settings.momentum, nesterov=settings.momentum > 0)


def _groups(network: nn.Module, settings: TrainSettings) -> list[dict[str, Any]]:
    """Return the parameters with weight decay and, if the settings say so, those without."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if settings.decayed == "all":
        return [{"params": parameters, "weight_decay": settings.weight_decay}]
    weights = [parameter for parameter in parameters if parameter.ndim > 1]
    others = [parameter for parameter in parameters if parameter.ndim <= 1]
    return [
        {"params": weights, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def compiled(network: nn.Module) -> nn.Module:
    """Return the network compiled by Inductor for each batch size; it shares the parameters."""
    from torch._dynamo import config

    config.recompile_limit = config.accumulated_recompile_limit = KINDS
    return torch.compile(network, dynamic=False)  # type: ignore[return-value]  # a module of a module


def check_compiler(device: torch.device) -> None:
    """Check that torch.compile works on a device.

    Raises:
        SettingError: In one line, if it does not.
    """

    def one_more(x: Tensor) -> Tensor:
        return x + 1

    try:
        torch.compile(one_more)(torch.zeros(1, device=device))
    except Exception as error:  # of torch's many layers, or of a compiler
        needs = "Triton" if device.type == "cuda" else "a C++ compiler and Python's headers"
        kind = type(error).__name__
        problem = f"torch.compile needs {needs} ({kind}; TORCH_LOGS=+inductor says more)"
        raise SettingError("compile", "yes", problem) from None
