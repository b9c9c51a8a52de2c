"""A training under way: everything that its next steps depend on."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ablations.data.images import Batch
from ablations.data.seeding import generators_state, restore_generators
from ablations.study.train_settings import TrainSettings
from ablations.training.epoch import Epoch
from ablations.training.keeper import State
from ablations.training.losses import Losses
from ablations.training.step import Stepper
from ablations.training.team import ALONE, Team


class UnfitState(ValueError):
    """A state that is not one of this training."""


class Course:
    """One network being trained, from its first step on or from a state that was kept.

    Args:
        network: Trained in place, channels_last, on `device`.
        settings: Of its training.
        device: Where.
        total: Steps that it has.
        team: Of the processes that train it.

    Attributes:
        step: Steps done.
        losses: Of the steps since the last point of the curve.
        curve: Its points so far.
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
        self.losses = Losses(total, device)
        self.curve: list[Epoch] = []

    @property
    def tested(self) -> nn.Module:
        """The network whose Top-1 counts."""
        return self.network if self.averaged is None else self.averaged

    @property
    def result(self) -> nn.Module:
        """The same without what averages it."""
        return self.network if self.averaged is None else self.averaged.module

    def take_step(self, batches: Iterable[Batch], images: int, lr: float) -> None:
        """One step at the rate `lr`; see `Stepper.step`."""
        self.stepper.set_rate(lr)
        self.losses.add(self.stepper.step(batches, images))
        if self.averaged is not None:
            self.averaged.update_parameters(self.network)
        self.step += 1

    def add_point(self, epoch: int, top1: float) -> None:
        """Adds a point to the curve, after the step that was done last."""
        losses = self.losses.read(self.step)
        self.curve.append(Epoch(epoch, self.step, sum(losses) / len(losses), top1))
        self.losses.begin([])

    def state(self) -> State:
        """What `restore` takes. Its tensors are those in use: it has to be written before the next
        step.

        Raises:
            TrialFailed: Where a loss is not finite.
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

    def restore(self, state: State) -> None:
        """Goes on from there.

        Raises:
            UnfitState: Where it is another training's; the network is then of no use any more.
        """
        try:
            self._restore(state)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise UnfitState(str(error)) from None

    def _restore(self, state: State) -> None:
        self.network.load_state_dict(state["network"])
        self.stepper.optimizer.load_state_dict(state["optimizer"])
        self.stepper.scaler.load_state_dict(state["scaler"])
        if self.averaged is not None:
            self.averaged.load_state_dict(state["averaged"])
        curve: list[dict[str, Any]] = state["curve"]
        self.step = state["step"]
        self.losses.begin(state["losses"].tolist())
        self.curve = [Epoch(**point) for point in curve]
        restore_generators(state["generators"])


def _averaged(network: nn.Module, settings: TrainSettings) -> AveragedModel | None:
    """The moving average of the network's weights and statistics, where one is tested."""
    if not settings.averaging:
        return None
    average = get_ema_multi_avg_fn(settings.averaging)
    return AveragedModel(network, multi_avg_fn=average, use_buffers=True)
