"""One variant trained once, from data alone and the same in whatever process."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ablations.costs.counters import count_cost
from ablations.costs.network_cost import NetworkCost
from ablations.data.images import ImageData
from ablations.data.registry import Wanted, load_data
from ablations.data.seeding import drawing_from, seed_of
from ablations.errors import TrialFailed, one_line
from ablations.records.logs import traceback_text
from ablations.records.trial_record import TrainedCosts, TrialRecord
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.course import UnfitState
from ablations.training.environment import describe_environment
from ablations.training.epoch import Epoch
from ablations.training.events import (
    Notice,
    PointMeasured,
    StepDone,
    TrainingEvent,
    TrialStarted,
)
from ablations.training.keeper import TrialPaused
from ablations.training.loop import total_steps, train
from ablations.training.setup import Setup, sources_of, wanted_images
from ablations.training.team import ALONE, Team
from ablations.training.threads import threads_fixed
from ablations.training.trial_files import FileKeeper, TrialFiles
from ablations.training.weights_file import write_weights

DRAWS = 2**31
"""Keeps what a network draws in training apart from its first weights, which follow from the seed
alone, and from the images, which follow from it and a number of an epoch."""

OnStep = Callable[[int, float], None]
"""Receives the steps that are done and the last one's loss."""

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
        images: The data set's fingerprint then; empty for a user's, which `sources` tells.
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


@dataclass(frozen=True)
class Outcome:
    """How a trial ended. traceback: of what made it fail, empty where nothing did."""

    record: TrialRecord
    traceback: str = ""


@dataclass(frozen=True)
class Failure:
    """Why a trial has no result; see TrialRecord."""

    reason: str
    transient: bool
    traceback: str


def failure_of(error: BaseException) -> Failure:
    """Why a trial failed that ended with this error."""
    known = isinstance(error, TrialFailed)
    reason = str(error) if known else one_line(error)
    return Failure(reason, not known, traceback_text(error))


def run_trial(
    setup: Setup,
    trial: Trial,
    files: TrialFiles,
    emit: Emit,
    stopping: Callable[[], bool] = lambda: False,
    debug: bool = False,
    team: Team = ALONE,
) -> Outcome:
    """Trains it with the threads of its settings, from its checkpoint on where there is one. What
    makes it fail becomes its record; with `debug` it is raised.

    Args:
        setup: Of the trial.
        trial: Which one.
        files: What it keeps.
        emit: Receives its events.
        stopping: Whether it is to stop at its next step.
        debug: See above.
        team: Of the processes that train it together, in each of which this is called. The
            leader's outcome is the trial's; its failure may be any one's.

    Raises:
        TrialPaused: Where it stopped.
    """
    device = torch.device(trial.device)

    def on_end(network: nn.Module, path: Path) -> None:
        write_weights(path, network, setup, trial.seed)

    def on_step(step: int, loss: float) -> None:
        emit(StepDone(trial, step, loss))

    keeper = FileKeeper(
        files,
        device,
        stopping,
        on_end,
        tell=lambda line: emit(Notice(line)),
        on_point=lambda point: emit(PointMeasured(trial, point)),
    )
    emit(TrialStarted(trial, total_steps(trial.settings, setup.data)))
    cost: NetworkCost | None = None
    curve: list[Epoch] = []
    failure = None
    start = time.perf_counter()
    with threads_fixed(trial.settings.threads), drawing_from(trial.seed):
        try:
            network = setup.network(trial.seed)
            cost = count_cost(network, setup.data.image_size)
            start = time.perf_counter()
            curve = _train(network, setup, trial, on_step, keeper, team)
        except TrialPaused:
            raise
        except (Exception, SystemExit) as error:  # whatever ends one must not end the others
            if debug:
                raise
            failure = failure_of(error)
        seconds = keeper.seconds + time.perf_counter() - start
        environment = describe_environment(device)
    record = TrialRecord(
        variant=trial.variant,
        seed=trial.seed,
        settings=setup.identity(),
        device=trial.device,
        data=setup.data.description,
        curve=tuple(vars(epoch) for epoch in curve),
        top1=curve[-1].top1 if curve else None,
        costs=TrainedCosts(cost.params, cost.operations) if cost else None,
        seconds=seconds,
        environment=environment,
        failure=failure.reason if failure else None,
        transient=failure.transient if failure else False,
        images=setup.images,
    )
    return Outcome(record, failure.traceback if failure else "")


def _train(
    network: nn.Module, setup: Setup, trial: Trial, on_step: OnStep, keeper: FileKeeper, team: Team
) -> list[Epoch]:
    try:
        return _train_from(network, setup, trial, on_step, keeper, team)
    except UnfitState:  # in all processes alike
        if team.leads:
            keeper.discard("it is of another network")
        return _train_from(setup.network(trial.seed), setup, trial, on_step, keeper, team)


def _train_from(
    network: nn.Module, setup: Setup, trial: Trial, on_step: OnStep, keeper: FileKeeper, team: Team
) -> list[Epoch]:
    device = torch.device(trial.device)
    with drawing_from(trial.seed, DRAWS), _fixed_order(device):
        if device.type == "cuda":
            torch.cuda.manual_seed_all(seed_of(trial.seed, DRAWS))
        return train(network, setup.data, trial.settings, trial.seed, device, on_step, keeper, team)


def _fixed_order(device: torch.device) -> AbstractContextManager[object]:
    """Within it cuDNN, which may sum in any order, sums in one."""
    if device.type != "cuda":
        return nullcontext()
    cudnn = torch.backends.cudnn
    return cudnn.flags(cudnn.enabled, deterministic=True, allow_tf32=cudnn.allow_tf32)
