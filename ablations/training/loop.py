"""One seeded training run."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablations.data.images import Batch, ImageData
from ablations.errors import TrialFailed
from ablations.study.train_settings import TrainSettings
from ablations.training.optimizers import make_optimizer
from ablations.training.recipe import learning_rate

TEST_BATCH = 256


@dataclass(frozen=True)
class Epoch:
    """One point of the training curve. Top-1 in percent, on the split of the settings."""

    epoch: int
    steps: int
    train_loss: float
    top1: float


def total_steps(settings: TrainSettings, data: ImageData) -> int:
    """Optimisation steps of one trial."""
    if settings.steps is not None:
        return settings.steps
    assert settings.epochs is not None
    return settings.epochs * math.ceil(data.train_size / settings.batch_size)


def _batches(data: ImageData, settings: TrainSettings, seed: int, total: int) -> Iterator[Batch]:
    epochs = (data.train_epoch(seed, epoch, settings.batch_size) for epoch in itertools.count())
    return itertools.islice(itertools.chain.from_iterable(epochs), total)


@torch.no_grad()
def top1(network: nn.Module, data: ImageData, device: torch.device) -> float:
    """Top-1 accuracy on the images of `data.split`, percent."""
    network.eval()
    right = 0
    for images, labels in data.test_batches(TEST_BATCH):
        right += int((network(images.to(device)).argmax(1) == labels.to(device)).sum())
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
    """Trains `network` in place and returns its curve, one point an epoch, the last one final.

    Linear warm-up, cosine to zero, channels_last; the rest as the settings say.
    The order and augmentation of the data follow from `seed` alone. on_step(steps done, loss).

    Raises TrialFailed as soon as a loss is not finite.
    """
    network.to(device).to(memory_format=torch.channels_last).train()
    optimizer = make_optimizer(network, settings, settings.lr)
    total = total_steps(settings, data)
    per_epoch = math.ceil(data.train_size / settings.batch_size)
    curve: list[Epoch] = []
    losses: list[float] = []
    for step, (images, labels) in enumerate(_batches(data, settings, seed, total)):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, total, settings.lr)
        loss = training_step(
            network, optimizer, images.to(device), labels.to(device), settings.label_smoothing
        )
        if not math.isfinite(loss):
            raise TrialFailed(f"loss became {loss} at step {step + 1} of {total}")
        losses.append(loss)
        on_step(step + 1, loss)
        if len(losses) == per_epoch or step + 1 == total:
            mean = sum(losses) / len(losses)
            curve.append(Epoch(len(curve) + 1, step + 1, mean, top1(network, data, device)))
            losses = []
    return curve
