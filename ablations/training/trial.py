"""One variant trained once, with the same numbers in whatever process."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from ablations.costs.counters import count_cost
from ablations.data.images import ImageData
from ablations.data.seeding import drawing_from, seed_of
from ablations.training.environment import describe_environment
from ablations.training.events import StepDone, TrainingEvent, TrialStarted
from ablations.training.keeper import Keeper, TrialPaused, UnfitCheckpoint
from ablations.training.loop import total_steps, train
from ablations.training.network import initial_network
from ablations.training.process import threads_fixed
from ablations.training.team import ALONE, Team
from ablations.training.trial_result import (
    CurvePoint,
    Failure,
    TrainedCosts,
    TrialResult,
    failure_of,
)
from ablations.training.trial_spec import TrialSpec

DRAWS = 2**31
"""Separates what a network draws in training from its initial weights, drawn from the seed alone,
and from the images, drawn from the seed and the number of the epoch."""

OnStep = Callable[[int, float], None]
"""Told the steps that are done and the last one's loss."""

Emit = Callable[[TrainingEvent], None]
"""Receives the events of a trial."""


def run_trial(
    spec: TrialSpec,
    data: ImageData,
    keeper: Keeper,
    emit: Emit = lambda event: None,
    debug: bool = False,
    team: Team = ALONE,
) -> TrialResult:
    """Train a trial with the threads of its settings, from its checkpoint on if it has one.

    Args:
        spec: The trial.
        data: Its images.
        keeper: Keeps its state, and may ask it to pause.
        emit: Receives its events.
        debug: Whether an error that makes it fail is raised instead of returned.
        team: Processes that train it together, in each of which this is called. The leader's
            result is the trial's; a failure of any of them is the trial's, too.

    Raises:
        TrialPaused: If the keeper asked for it.
    """
    device = torch.device(spec.device)

    def on_step(step: int, loss: float) -> None:
        emit(StepDone(spec, step, loss))

    emit(TrialStarted(spec, total_steps(spec.settings, data)))
    costs: TrainedCosts | None = None
    curve: list[CurvePoint] = []
    failure: Failure | None = None
    start = time.perf_counter()
    with threads_fixed(spec.settings.threads), drawing_from(spec.seed):
        try:
            network = _initial_network(spec, data)
            counted = count_cost(network, data.image_size)
            costs = TrainedCosts(counted.params, counted.operations)
            start = time.perf_counter()
            curve = _train(network, spec, data, on_step, keeper, team)
        except TrialPaused:
            raise
        except (Exception, SystemExit) as error:  # one that fails must not end the others
            if debug:
                raise
            failure = failure_of(error)
        seconds = keeper.seconds + time.perf_counter() - start
        environment = describe_environment(device)
    return TrialResult(tuple(curve), costs, seconds, environment, failure)


def _initial_network(spec: TrialSpec, data: ImageData) -> nn.Module:
    return initial_network(spec.variant, spec.settings, data.classes, spec.seed)


def _train(
    network: nn.Module,
    spec: TrialSpec,
    data: ImageData,
    on_step: OnStep,
    keeper: Keeper,
    team: Team,
) -> list[CurvePoint]:
    device = torch.device(spec.device)

    def train_it(network: nn.Module) -> list[CurvePoint]:
        with drawing_from(spec.seed, DRAWS), _deterministic(device):
            if device.type == "cuda":
                torch.cuda.manual_seed_all(seed_of(spec.seed, DRAWS))
            return train(network, data, spec.settings, spec.seed, device, on_step, keeper, team)

    try:
        return train_it(network)
    except UnfitCheckpoint:  # in all processes alike
        if team.leads:
            keeper.discard("it is of another network")
        return train_it(_initial_network(spec, data))


def _deterministic(device: torch.device) -> AbstractContextManager[object]:
    """Have cuDNN, which may sum in any order, sum in one."""
    if device.type != "cuda":
        return nullcontext()
    cudnn = torch.backends.cudnn
    return cudnn.flags(cudnn.enabled, deterministic=True, allow_tf32=cudnn.allow_tf32)
