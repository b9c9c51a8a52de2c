"""One variant trained once, with the same numbers in whatever process."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from ablations.costs.counters import count_cost
from ablations.data.images import ImageData
from ablations.data.registry import Wanted, load_data
from ablations.data.seeding import drawing_from, seed_of
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.environment import describe_environment
from ablations.training.epoch import Epoch
from ablations.training.events import StepDone, TrainingEvent, TrialStarted
from ablations.training.keeper import Keeper, TrialPaused, UnfitCheckpoint
from ablations.training.loop import total_steps, train
from ablations.training.process import threads_fixed
from ablations.training.setup import Setup, sources_of, wanted_images
from ablations.training.team import ALONE, Team
from ablations.training.trial_result import Failure, TrainedCosts, TrialResult, failure_of

DRAWS = 2**31
"""Keeps what a network draws in training apart from its first weights, which follow from the seed
alone, and from the images, which follow from it and a number of an epoch."""

OnStep = Callable[[int, float], None]
"""Told the steps that are done and the last one's loss."""

Emit = Callable[[TrainingEvent], None]
"""Receives the events of a trial."""


@dataclass(frozen=True)
class Trial:
    """What one trial is of. It is small, can be sent to another process, and decides the numbers.

    Attributes:
        variant: Whose network is trained.
        settings: Its own, `TrainSettings.for_variant`.
        seed: Of weights, images and whatever the network draws in training.
        device: "cpu" or "cuda".
        sources: Of `sources_of`: a user's code as it was when the run began.
        images: The data set's fingerprint then.
    """

    variant: Variant
    settings: TrainSettings
    seed: int
    device: str
    sources: tuple[tuple[str, str], ...] = ()
    images: str = ""

    def setup(self, loaded: dict[Wanted, ImageData]) -> Setup:
        """Its setup; loaded: the data sets of this process, to which its own is added.

        Raises:
            RuntimeError: Where a user's code, or the images, are others here than they were when
                the run began.
        """
        here = dict(sources_of(self.variant, self.settings))
        for file, digest in self.sources:
            if here.get(file, digest) != digest:
                raise RuntimeError(f"{file} was changed while the run went on")
        wanted = wanted_images(self.variant, self.settings)
        if wanted not in loaded:
            loaded[wanted] = load_data(wanted)
        if self.images not in ("", loaded[wanted].fingerprint):
            raise RuntimeError(f"{loaded[wanted].description}: changed while the run went on")
        return Setup(self.variant, self.settings, loaded[wanted])


def run_trial(
    setup: Setup,
    trial: Trial,
    keeper: Keeper,
    emit: Emit = lambda event: None,
    debug: bool = False,
    team: Team = ALONE,
) -> TrialResult:
    """Train a trial with the threads of its settings, from its checkpoint on if it has one.

    Args:
        setup: What is trained.
        trial: The trial.
        keeper: Keeps its state, and may ask it to pause.
        emit: Receives its events.
        debug: Whether an error that makes it fail is raised instead of returned.
        team: Processes that train it together, in each of which this is called. The leader's
            result is the trial's; a failure of any of them is the trial's, too.

    Raises:
        TrialPaused: If the keeper asked for it.
    """
    device = torch.device(trial.device)

    def on_step(step: int, loss: float) -> None:
        emit(StepDone(trial, step, loss))

    emit(TrialStarted(trial, total_steps(trial.settings, setup.data)))
    costs: TrainedCosts | None = None
    curve: list[Epoch] = []
    failure: Failure | None = None
    start = time.perf_counter()
    with threads_fixed(trial.settings.threads), drawing_from(trial.seed):
        try:
            network = setup.network(trial.seed)
            counted = count_cost(network, setup.data.image_size)
            costs = TrainedCosts(counted.params, counted.operations)
            start = time.perf_counter()
            curve = _train(network, setup, trial, on_step, keeper, team)
        except TrialPaused:
            raise
        except (Exception, SystemExit) as error:  # one that fails must not end the others
            if debug:
                raise
            failure = failure_of(error)
        seconds = keeper.seconds + time.perf_counter() - start
        environment = describe_environment(device)
    return TrialResult(tuple(curve), costs, seconds, environment, failure)


def _train(
    network: nn.Module, setup: Setup, trial: Trial, on_step: OnStep, keeper: Keeper, team: Team
) -> list[Epoch]:
    try:
        return _train_from(network, setup, trial, on_step, keeper, team)
    except UnfitCheckpoint:  # in all processes alike
        if team.leads:
            keeper.discard("it is of another network")
        return _train_from(setup.network(trial.seed), setup, trial, on_step, keeper, team)


def _train_from(
    network: nn.Module, setup: Setup, trial: Trial, on_step: OnStep, keeper: Keeper, team: Team
) -> list[Epoch]:
    device = torch.device(trial.device)
    with drawing_from(trial.seed, DRAWS), _deterministic(device):
        if device.type == "cuda":
            torch.cuda.manual_seed_all(seed_of(trial.seed, DRAWS))
        return train(network, setup.data, trial.settings, trial.seed, device, on_step, keeper, team)


def _deterministic(device: torch.device) -> AbstractContextManager[object]:
    """Have cuDNN, which may sum in any order, sum in one."""
    if device.type != "cuda":
        return nullcontext()
    cudnn = torch.backends.cudnn
    return cudnn.flags(cudnn.enabled, deterministic=True, allow_tf32=cudnn.allow_tf32)
