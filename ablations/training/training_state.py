"""The state of a training: all that its next steps depend on."""

import math
import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ablations.data.images import Batch
from ablations.data.seeding import generators_state, restore_generators
from ablations.errors import TrialFailed
from ablations.study.train_settings import TrainSettings
from ablations.training.keeper import Checkpoint, UnfitCheckpoint
from ablations.training.step import Stepper
from ablations.training.team import ALONE, Team
from ablations.training.trial_result import CurvePoint

READ_EVERY = {"cpu": 0.0, "cuda": 0.2}
"""Seconds between two readings of the losses, by kind of device. Reading a loss of a GPU waits for
all work that it was given."""


class LossReader:
    """The losses since the last point of the curve, left on the device until they are read.

    Args:
        total: Steps of the training.
        device: Device of the losses.
    """

    def __init__(self, total: int, device: torch.device) -> None:
        self.total = total
        self._every = READ_EVERY[device.type]
        self._last_read = time.monotonic()
        self._known: list[float] = []
        self._unread: list[Tensor] = []

    @property
    def due(self) -> bool:
        """Whether it is time to read them, to show the last one and to see that all are finite."""
        return time.monotonic() - self._last_read >= self._every

    def add(self, loss: Tensor) -> None:
        """Take the loss of a step, shape (), without reading it."""
        self._unread.append(loss)

    def read(self, step: int) -> list[float]:
        """Return all of them.

        Args:
            step: Number of the step of the last one.

        Raises:
            TrialFailed: If one is not finite; names its step.
        """
        if self._unread:
            found = torch.stack(self._unread).tolist()
            for number, loss in enumerate(found, step - len(found) + 1):
                if not math.isfinite(loss):
                    raise TrialFailed(f"loss became {loss} at step {number} of {self.total}")
            self._known += found
            self._unread = []
        self._last_read = time.monotonic()
        return self._known

    def reset(self, known: list[float]) -> None:
        """Replace all of them."""
        self._known, self._unread = known, []


class TrainingState:
    """A network under training, from its first step or from a checkpoint.

    Args:
        network: Trained in place, channels_last, on `device`.
        settings: Settings of the training.
        device: Where it is trained.
        total: Steps of the training.
        team: Processes that train it together.

    Attributes:
        step: Steps done.
        losses: Losses since the last point of the curve.
        curve: Points of the curve so far.
    """

    def __init__(
        self,
        network: nn.Module,
        settings: TrainSettings,
        device: torch.device,
        total: int,
        team: Team = ALONE,
    ) -> None:
        network = team.synchronised(network)
        self.network = network.to(device).to(memory_format=torch.channels_last).train()
        self.stepper = Stepper(network, settings, device, settings.lr, team)
        self.averaged = _averaged(network, settings)
        self.step = 0
        self.losses = LossReader(total, device)
        self.curve: list[CurvePoint] = []

    @property
    def tested(self) -> nn.Module:
        """The network whose Top-1 counts."""
        return self.network if self.averaged is None else self.averaged

    @property
    def trained(self) -> nn.Module:
        """The network whose Top-1 counts, without the module that averages it."""
        return self.network if self.averaged is None else self.averaged.module

    def take_step(self, batches: Iterable[Batch], images: int, lr: float) -> None:
        """Train one step at the learning rate `lr`; see `Stepper.step`."""
        self.stepper.set_rate(lr)
        self.losses.add(self.stepper.step(batches, images))
        if self.averaged is not None:
            self.averaged.update_parameters(self.network)
        self.step += 1

    def add_point(self, epoch: int, top1: float) -> None:
        """Add a point to the curve, measured after the last step."""
        losses = self.losses.read(self.step)
        self.curve.append(CurvePoint(epoch, self.step, sum(losses) / len(losses), top1))
        self.losses.reset([])

    def checkpoint(self) -> Checkpoint:
        """Return what `restore` takes.

        Its tensors are those in use, so it has to be written before the next step.

        Raises:
            TrialFailed: If a loss is not finite.
        """
        return {
            "network": self.network.state_dict(),
            "optimizer": self.stepper.optimizer.state_dict(),
            "scaler": self.stepper.scaler.state_dict(),
            "averaged": None if self.averaged is None else self.averaged.state_dict(),
            "generators": generators_state(),
            "step": self.step,
            "losses": torch.tensor(self.losses.read(self.step), dtype=torch.float64),
            "curve": [asdict(point) for point in self.curve],
        }

    def restore(self, checkpoint: Checkpoint) -> None:
        """Resume from a checkpoint.

        Raises:
            UnfitCheckpoint: If it is of another training; the network is then unusable.
        """
        try:
            self._restore(checkpoint)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise UnfitCheckpoint(str(error)) from None

    def _restore(self, checkpoint: Checkpoint) -> None:
        self.network.load_state_dict(checkpoint["network"])
        self.stepper.optimizer.load_state_dict(checkpoint["optimizer"])
        self.stepper.scaler.load_state_dict(checkpoint["scaler"])
        if self.averaged is not None:
            self.averaged.load_state_dict(checkpoint["averaged"])
        curve: list[dict[str, Any]] = checkpoint["curve"]
        self.step = checkpoint["step"]
        self.losses.reset(checkpoint["losses"].tolist())
        self.curve = [CurvePoint(**point) for point in curve]
        restore_generators(checkpoint["generators"])


def _averaged(network: nn.Module, settings: TrainSettings) -> AveragedModel | None:
    """The moving average of the network's weights and buffers, if the settings ask for one."""
    if not settings.averaging:
        return None
    average = get_ema_multi_avg_fn(settings.averaging)
    return AveragedModel(network, multi_avg_fn=average, use_buffers=True)
