"""The training loop: steps, tests, the curve."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn

from ablations.data.images import Batch, ImageData, batches_of_epoch, images_of_epoch, on_device
from ablations.errors import TrialFailed
from ablations.study.train_settings import TrainSettings
from ablations.training.keeper import Keeper
from ablations.training.recipe import learning_rate, warm_up_steps
from ablations.training.team import ALONE, Team, TeamKeeper
from ablations.training.training_state import TrainingState
from ablations.training.trial_result import CurvePoint

TEST_BATCH = 256
"""Images of a batch in a test."""

POINTS = 4
"""Points of a training curve at most. Each takes time, and only the last one counts."""


def total_steps(settings: TrainSettings, data: ImageData) -> int:
    """Return the steps of one trial."""
    return settings.budget.total_steps(steps_per_epoch(settings, data))


def total_batches(settings: TrainSettings, data: ImageData) -> int:
    """Return the batches of all steps of one trial."""
    epochs, steps = divmod(total_steps(settings, data), steps_per_epoch(settings, data))
    return epochs * _batches_per_epoch(settings, data) + steps * settings.accumulate


def steps_per_epoch(settings: TrainSettings, data: ImageData) -> int:
    """Return the steps of one pass over the data; the last may have fewer batches."""
    return math.ceil(_batches_per_epoch(settings, data) / settings.accumulate)


def _batches_per_epoch(settings: TrainSettings, data: ImageData) -> int:
    return batches_of_epoch(data.train_size, settings.batch_size)


def _steps(
    data: ImageData, settings: TrainSettings, seed: int, start: int
) -> Iterator[tuple[Iterator[Batch], int]]:
    """Yield the batches of each step from step `start` on, and the number of their images.

    The batches of a step are to be read before those of the next.
    """
    first, done = divmod(start, steps_per_epoch(settings, data))
    size, at_once = settings.batch_size, settings.accumulate
    for epoch in itertools.count(first):
        skip = done * at_once if epoch == first else 0
        batches = data.train_epoch(seed, epoch, size, skip)
        left = images_of_epoch(data.train_size, size) - skip * size
        while left > 0:
            images = min(left, at_once * size)
            yield itertools.islice(batches, at_once), images
            left -= images


def curve_steps(total: int) -> set[int]:
    """Return the steps after which Top-1 is measured: at most POINTS, the last one included."""
    return {math.ceil(total * point / POINTS) for point in range(1, POINTS + 1)}


@torch.no_grad()
def top1(
    network: nn.Module,
    batches: Iterable[Batch],
    device: torch.device,
    on_batch: Callable[[], None] = lambda: None,
    team: Team = ALONE,
) -> float:
    """Return the Top-1 accuracy of a network on some images, percent.

    Args:
        network: The network; left in training mode.
        batches: Batches of images, of each this process's part.
        device: Device of the network.
        on_batch: Called after each batch.
        team: Processes that test the other parts.

    Raises:
        TrialFailed: If an output is not finite, in any process.
    """
    network.eval()
    right = tested = unfit = 0
    try:
        for images, labels in batches:
            if len(labels):
                images, labels = on_device((images, labels), device)
                scores = network(images)
                unfit += int(not scores.isfinite().all())
                right += int((scores.argmax(1) == labels).sum())
                tested += len(labels)
            on_batch()
    finally:
        network.train()
    right, tested, unfit = team.summed(torch.tensor([right, tested, unfit])).tolist()
    if unfit:
        raise TrialFailed("the network's outputs are not finite")
    return 100 * right / tested


def train(
    network: nn.Module,
    data: ImageData,
    settings: TrainSettings,
    seed: int,
    device: torch.device,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
    keeper: Keeper | None = None,
    team: Team = ALONE,
) -> list[CurvePoint]:
    """Train a network in place and return its curve; see `curve_steps`.

    Args:
        network: The network; made channels_last, on `device`.
        data: Images to train and test on.
        settings: Settings of the training; the rate rises linearly, then falls by a cosine to zero.
        seed: Decides order and augmentation of the images.
        device: Where it is trained.
        on_step: Told the steps done and the last one's loss; on a CPU of each step, with CUDA now
            and then.
        keeper: Told of each step. Training resumes from its checkpoint, with the same numbers.
        team: Processes that do the same, each with its part of every batch; the leader's keeper
            counts.

    Raises:
        TrialFailed: If a loss, once it is read, or an output of the last test is not finite.
        TrialPaused: If the keeper asked for it.
        UnfitCheckpoint: If the keeper's checkpoint is of another network.
    """
    keeper = TeamKeeper(team, keeper or Keeper())
    data = data.shared(team.share).placed(device)
    total = total_steps(settings, data)
    state = TrainingState(network, settings, device, total, team)
    checkpoint = keeper.load()
    if checkpoint is not None:
        state.restore(checkpoint)
    _test_where_due(state, data, settings, device, keeper, team)
    warm_up = warm_up_steps(settings, total, steps_per_epoch(settings, data))
    steps = _steps(data, settings, seed, state.step)
    for batches, images in itertools.islice(steps, total - state.step):
        lr = learning_rate(state.step, total, settings.lr, warm_up, settings.warmup_from)
        with team.drawing(seed, state.step):
            state.take_step(batches, images, lr)
        if state.losses.due:
            on_step(state.step, state.losses.read(state.step)[-1])
        keeper.look(state.checkpoint)
        _test_where_due(state, data, settings, device, keeper, team)
    keeper.finish(state.trained)
    return state.curve


def _test_where_due(
    state: TrainingState,
    data: ImageData,
    settings: TrainSettings,
    device: torch.device,
    keeper: Keeper,
    team: Team,
) -> None:
    """Add a point to the curve after the steps that have one.

    The running statistics of a young and deep network may lag so far behind its weights that it
    overflows in a test, though not in training. The curve then has no point there; only the last
    point counts, and it has to be finite.
    """
    done = state.curve[-1].steps if state.curve else 0
    total = total_steps(settings, data)
    if state.step == done or state.step not in curve_steps(total):
        return
    team.align([state.network, state.tested])
    before = state.checkpoint()  # a test that is interrupted starts again
    batches = data.test_batches if state.step == total else data.curve_batches
    try:
        tested = top1(
            state.tested, batches(TEST_BATCH), device, lambda: keeper.look(lambda: before), team
        )
    except TrialFailed as error:
        if state.step == total:
            raise
        keeper.notice(f"step {state.step} of {total}: {error}; the curve has no point there")
        return
    state.add_point(math.ceil(state.step / steps_per_epoch(settings, data)), tested)
    keeper.measured(state.curve[-1])
