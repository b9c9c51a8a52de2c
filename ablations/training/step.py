"""One step of optimisation, in the precision of the settings."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablations.data.images import Batch
from ablations.data.placing import on_device
from ablations.study.train_settings import TrainSettings
from ablations.training.compiler import compiled
from ablations.training.optimizers import make_optimizer
from ablations.training.team import ALONE, Team

HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}
"""What autocast computes in, by the name of a precision; without an entry there is no autocast."""


class Stepper:
    """What optimises a network, step by step.

    Args:
        network: In training mode, on `device`.
        settings: Of its training.
        device: Where.
        lr: The learning rate until `set_rate` is called.
        team: Of the processes that share each batch.

    Attributes:
        scaler: Of the loss in fp16, in which small gradients would be zero; else it does nothing.
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
        """Sets the learning rate of the next steps."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr

    def step(self, batches: Iterable[Batch], images: int) -> Tensor:
        """One step down the mean gradient of the images of some batches.

        Args:
            batches: At least one, of each this process' share; one at a time is on the device.
            images: How many all of them have, in all processes.

        Returns:
            The mean loss of the images before the step, shape (), still on the device: reading it
            waits for the step.
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
