"""One seeded training run."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablations.data.images import Batch, ImageData, batches_of_epoch
from ablations.errors import TrialFailed
from ablations.study.train_settings import TrainSettings
from ablations.training.course import Course, Epoch
from ablations.training.keeper import Keeper
from ablations.training.recipe import learning_rate

TEST_BATCH = 256
POINTS = 4
"""Of a training curve: measuring takes time, and no point is selected but the last."""


def total_steps(settings: TrainSettings, data: ImageData) -> int:
    """Optimisation steps of one trial."""
    if settings.steps is not None:
        return settings.steps
    assert settings.epochs is not None
    return settings.epochs * _steps_per_epoch(settings, data)


def _steps_per_epoch(settings: TrainSettings, data: ImageData) -> int:
    return batches_of_epoch(data.train_size, settings.batch_size)


def _batches(
    data: ImageData, settings: TrainSettings, seed: int, start: int, total: int
) -> Iterator[Batch]:
    """The batches of the steps from `start` (0: the first) on."""
    epoch, skip = divmod(start, _steps_per_epoch(settings, data))
    epochs = (
        data.train_epoch(seed, number, settings.batch_size, skip if number == epoch else 0)
        for number in itertools.count(epoch)
    )
    return itertools.islice(itertools.chain.from_iterable(epochs), total - start)


def curve_steps(total: int) -> set[int]:
    """The steps after which Top-1 is measured: at most POINTS, evenly spaced, and the last."""
    return {math.ceil(total * point / POINTS) for point in range(1, POINTS + 1)}


@torch.no_grad()
def top1(
    network: nn.Module,
    batches: Iterable[Batch],
    device: torch.device,
    on_batch: Callable[[], None] = lambda: None,
) -> float:
    """Top-1 accuracy on some images, percent. on_batch: told of each batch.

    Raises:
        TrialFailed: Where an output is not finite.
    """
    network.eval()
    right = tested = 0
    try:
        for images, labels in batches:
            scores = network(images.to(device))
            if not scores.isfinite().all():
                raise TrialFailed("the network's outputs are not finite")
            right += int((scores.argmax(1) == labels.to(device)).sum())
            tested += len(labels)
            on_batch()
    finally:
        network.train()
    return 100 * right / tested


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
    keeper: Keeper | None = None,
) -> list[Epoch]:
    """Trains `network` in place and returns its curve, see `curve_steps`.

    Linear warm-up, cosine to zero, channels_last; the rest as the settings say. The order and
    augmentation of the data follow from `seed` alone. on_step(steps done, loss). keeper: told of
    each step; where it holds an earlier state, training goes on from there to the same numbers.

    Raises:
        TrialFailed: As soon as a loss, or at the end an output that is tested, is not finite.
        TrialPaused: Where the keeper has it stop.
        UnfitState: Where the keeper's state is not this network's.
    """
    keeper = keeper or Keeper()
    course = Course(network, settings, device)
    state = keeper.earlier()
    if state is not None:
        course.restore(state)
    total = total_steps(settings, data)
    _test_where_due(course, data, settings, device, keeper)
    for images, labels in _batches(data, settings, seed, course.step, total):
        for group in course.optimizer.param_groups:
            group["lr"] = learning_rate(course.step, total, settings.lr)
        loss = training_step(
            network,
            course.optimizer,
            images.to(device),
            labels.to(device),
            settings.label_smoothing,
        )
        if course.averaged is not None:
            course.averaged.update_parameters(network)
        course.step += 1
        if not math.isfinite(loss):
            raise TrialFailed(f"loss became {loss} at step {course.step} of {total}")
        course.losses.append(loss)
        on_step(course.step, loss)
        keeper.look(course.state)
        _test_where_due(course, data, settings, device, keeper)
    keeper.ends(course.result)
    return course.curve


def _test_where_due(
    course: Course,
    data: ImageData,
    settings: TrainSettings,
    device: torch.device,
    keeper: Keeper,
) -> None:
    """Adds a point to the curve after the steps that have one.

    A young and deep network's running statistics may lag so far behind its weights that, tested, it
    overflows, where in training it does not. Then the curve has no point there; the last point
    counts and has to be.
    """
    done = course.curve[-1].steps if course.curve else 0
    total = total_steps(settings, data)
    if course.step == done or course.step not in curve_steps(total):
        return
    before = course.state()  # a test that is broken off begins again
    batches = data.test_batches if course.step == total else data.curve_batches
    try:
        tested = top1(
            course.tested, batches(TEST_BATCH), device, lambda: keeper.look(lambda: before)
        )
    except TrialFailed as error:
        if course.step == total:
            raise
        keeper.notice(f"step {course.step} of {total}: {error}; the curve has no point there")
        return
    epoch = math.ceil(course.step / _steps_per_epoch(settings, data))
    mean = sum(course.losses) / len(course.losses)
    course.curve.append(Epoch(epoch, course.step, mean, tested))
    course.losses = []
