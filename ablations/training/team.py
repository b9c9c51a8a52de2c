"""The processes that train one trial together, over torch.distributed.

Each takes its part of every batch. `DistributedDataParallel` averages the gradients, and with CUDA
`nn.SyncBatchNorm` normalises over the whole batch. It has no kernel for the CPU: there each
process normalises its own part, and the first one's running statistics count.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from ablations.data.images import WHOLE, Share
from ablations.data.seeding import drawing_from, seed_of
from ablations.errors import TrialFailed
from ablations.training.keeper import Checkpoint, Keeper, TrialPaused
from ablations.training.trial_result import CurvePoint

T = TypeVar("T")

Forward = Callable[[Tensor], Tensor]

BACKENDS = {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}
"""By kind of device. What the processes agree upon is on the CPU everywhere, so that none waits
for a GPU to read it."""

PATIENCE = timedelta(minutes=30)
"""How long one process waits for another, which may still be loading its images."""

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


class Team:
    """A team of one process. All processes of a team make the same calls in the same order.

    Attributes:
        share: The part of each batch that this process takes.
    """

    share: Share = WHOLE

    @property
    def leads(self) -> bool:
        """Whether this process reports and keeps what the team does."""
        return self.share.number == 0

    def synchronised(self, network: nn.Module) -> nn.Module:
        """Return the network with BatchNorm over the whole batch, if the device can.

        Args:
            network: Changed in place, unless it is a BatchNorm itself; not yet on its device.

        Raises:
            TrialFailed: For a BatchNorm that cannot be replaced.
        """
        return network

    def wrapped(self, network: nn.Module) -> Forward:
        """Return what a step calls in place of the network, to average gradients."""
        return network

    def accumulating(self, forward: Forward, more: bool) -> AbstractContextManager[object]:
        """Enclose forward and backward of one batch.

        Args:
            forward: Result of `wrapped`.
            more: Whether more batches of the step follow, before gradients are averaged.
        """
        return nullcontext()

    def weighted(self, loss: Tensor) -> Tensor:
        """Return a part's loss so that the average over processes is the sum of their parts."""
        return loss

    def summed(self, part: Tensor) -> Tensor:
        """Return the sum over all processes, of any shape; may overwrite `part`."""
        return part

    def agreed(self, said: bool) -> bool:
        """Return what the leader said."""
        return said

    def handed_out(self, value: T) -> T:
        """Return the leader's value, made of tensors and plain values."""
        return value

    def align(self, networks: Sequence[nn.Module]) -> None:
        """Copy the leader's buffers to all processes."""

    def drawing(self, seed: int, step: int) -> AbstractContextManager[object]:
        """Enclose a step with the random numbers that its network draws."""
        return nullcontext()


ALONE = Team()


def join(share: Share, meeting: Path, device: torch.device, own_code: bool) -> "Ranks":
    """Join the other processes of a trial and return when all have joined.

    Args:
        share: Of this process; its number is the rank.
        meeting: A file that does not exist yet, the same for all.
        device: The CPU, or CUDA, where each process has the GPU of its number.
        own_code: Whether the network is a user's, which may leave out some of its parameters.
    """
    if device.type == "cuda":
        torch.cuda.set_device(share.number)
    dist.init_process_group(
        BACKENDS[device.type],
        init_method=meeting.as_uri(),
        rank=share.number,
        world_size=share.of,
        timeout=PATIENCE,
    )
    return Ranks(share, device, own_code)


class Ranks(Team):
    """A team of several processes; see `join`."""

    def __init__(self, share: Share, device: torch.device, own_code: bool) -> None:
        self.share, self.device, self.own_code = share, device, own_code

    def synchronised(self, network: nn.Module) -> nn.Module:
        return network if self.device.type == "cpu" else synchronised(network)

    def wrapped(self, network: nn.Module) -> Forward:
        return DistributedDataParallel(
            network,
            device_ids=[self.share.number] if self.device.type == "cuda" else None,
            find_unused_parameters=self.own_code,
        )

    def accumulating(self, forward: Forward, more: bool) -> AbstractContextManager[object]:
        assert isinstance(forward, DistributedDataParallel)
        return forward.no_sync() if more else nullcontext()

    def weighted(self, loss: Tensor) -> Tensor:
        return loss * self.share.of

    def summed(self, part: Tensor) -> Tensor:
        dist.all_reduce(part)
        return part

    def agreed(self, said: bool) -> bool:
        heard = torch.tensor(said)
        dist.broadcast(heard, 0)
        return bool(heard)

    def handed_out(self, value: T) -> T:
        values = [value]
        dist.broadcast_object_list(values, 0, device=torch.device("cpu"))
        return values[0]

    def align(self, networks: Sequence[nn.Module]) -> None:
        for network in networks:
            for buffer in network.buffers():
                dist.broadcast(buffer, 0)

    @contextmanager
    def drawing(self, seed: int, step: int) -> Iterator[None]:
        """Seed each process by seed, step and rank, so that a resumed trial draws the same."""
        numbers = (seed, step, self.share.number)
        with drawing_from(*numbers):
            if self.device.type == "cuda":
                torch.cuda.manual_seed(seed_of(*numbers))
            yield


def synchronised(network: nn.Module) -> nn.Module:
    """Return the network with every BatchNorm replaced by `nn.SyncBatchNorm`.

    Raises:
        TrialFailed: For a subclass of BatchNorm, which may do more than what replaces it.
    """
    for module in network.modules():
        if isinstance(module, _BatchNorm) and type(module) not in NORMS:
            name = f"{type(module).__module__}.{type(module).__qualname__}"
            raise TrialFailed(f"{name} cannot be replaced by SyncBatchNorm, as BatchNorm can")
    return nn.SyncBatchNorm.convert_sync_batchnorm(network)


class TeamKeeper(Keeper):
    """The leader's keeper; all processes resume from its checkpoint and pause when it asks.

    Args:
        team: Processes of the training.
        keeper: Of this process; used in the leader only.
    """

    def __init__(self, team: Team, keeper: Keeper) -> None:
        self._team, self._keeper = team, keeper if team.leads else Keeper()

    def load(self) -> Checkpoint | None:
        return self._team.handed_out(self._keeper.load())

    def look(self, checkpoint: Callable[[], Checkpoint]) -> None:
        pauses = False
        try:
            self._keeper.look(checkpoint)
        except TrialPaused:
            pauses = True
        if self._team.agreed(pauses):
            raise TrialPaused

    def notice(self, line: str) -> None:
        self._keeper.notice(line)

    def measured(self, point: CurvePoint) -> None:
        self._keeper.measured(point)

    def finish(self, network: nn.Module) -> None:
        self._keeper.finish(network)
