"""One seeded training run."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ablations.data.images import Batch, ImageData, batches_of_epoch
from ablations.errors import TrialFailed
from ablations.study.train_settings import TrainSettings
from ablations.training.optimizers import make_optimizer
from ablations.training.recipe import learning_rate

TEST_BATCH = 256
POINTS = 4
"""Of a training curve: measuring takes time, and no point is selected but the last."""


@dataclass(frozen=True)
class Epoch:
    """One point of the training curve, measured in that epoch. Top-1 in percent, on the split of
    the settings."""

    epoch: int
    steps: int
    train_loss: float
    top1: float


def total_steps(settings: TrainSettings, data: ImageData) -> int:
    """Optimisation steps of one trial."""
    if settings.steps is not None:
        return settings.steps
    assert settings.epochs is not None
    return settings.epochs * batches_of_epoch(data.train_size, settings.batch_size)


def _batches(data: ImageData, settings: TrainSettings, seed: int, total: int) -> Iterator[Batch]:
    epochs = (data.train_epoch(seed, epoch, settings.batch_size) for epoch in itertools.count())
    return itertools.islice(itertools.chain.from_iterable(epochs), total)


def curve_steps(total: int) -> set[int]:
    """The steps after which Top-1 is measured: at most POINTS, evenly spaced, and the last."""
    return {math.ceil(total * point / POINTS) for point in range(1, POINTS + 1)}


@torch.no_grad()
def top1(network: nn.Module, data: ImageData, device: torch.device) -> float:
    """Top-1 accuracy on the images of `data.split`, percent.

    Raises:
        TrialFailed: Where an output is not finite.
    """
    network.eval()
    right = 0
    for images, labels in data.test_batches(TEST_BATCH):
        scores = network(images.to(device))
        if not scores.isfinite().all():
            raise TrialFailed("the network's outputs are not finite")
        right += int((scores.argmax(1) == labels.to(device)).sum())
    network.train()
    return 100 * right / data.test_size


def training_step(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    label_smoothing: float,
) -> float:
    """One step on one batch; the loss before it."""
    loss = F.cross_entropy(network(images), labels, label_smoothing=label_smoothing)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def train(
    network: nn.Module,
    data: ImageData,
    settings: TrainSettings,
    seed: int,
    device: torch.device,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> list[Epoch]:
    """Trains `network` in place and returns its curve, see `curve_steps`.

    Linear warm-up, cosine to zero, channels_last; the rest as the settings say. The order and
    augmentation of the data follow from `seed` alone. on_step(steps done, loss).

    Raises:
        TrialFailed: As soon as a loss, or an output that is tested, is not finite.
    """
    network.to(device).to(memory_format=torch.channels_last).train()
    optimizer = make_optimizer(network, settings, settings.lr)
    averaged = _averaged(network, settings)
    total = total_steps(settings, data)
    per_epoch = batches_of_epoch(data.train_size, settings.batch_size)
    curve: list[Epoch] = []
    losses: list[float] = []
    for step, (images, labels) in enumerate(_batches(data, settings, seed, total), start=1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step - 1, total, settings.lr)
        loss = training_step(
            network, optimizer, images.to(device), labels.to(device), settings.label_smoothing
        )
        if averaged is not None:
            averaged.update_parameters(network)
        if not math.isfinite(loss):
            raise TrialFailed(f"loss became {loss} at step {step} of {total}")
        losses.append(loss)
        on_step(step, loss)
        if step in curve_steps(total):
            tested = top1(network if averaged is None else averaged, data, device)
            mean = sum(losses) / len(losses)
            curve.append(Epoch(math.ceil(step / per_epoch), step, mean, tested))
            losses = []
    return curve


def _averaged(network: nn.Module, settings: TrainSettings) -> AveragedModel | None:
    """The moving average of the network's weights and statistics, where one is tested."""
    if not settings.averaging:
        return None
    average = get_ema_multi_avg_fn(settings.averaging)
    return AveragedModel(network, multi_avg_fn=average, use_buffers=True)
