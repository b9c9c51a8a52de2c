"""A team of several processes over torch.distributed."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ablations.data.seeding import drawing_from, seed_of
from ablations.data.share import Share
from ablations.training.synced_norm import synchronise
from ablations.training.team import Forward, Team

T = TypeVar("T")

BACKENDS = {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}
"""By kind of device. What is agreed upon is on the CPU everywhere, so that nobody waits for a
graphics card to read it."""

PATIENCE = timedelta(minutes=30)
"""So long one waits for another, which may still be loading its images."""


def join(share: Share, meeting: Path, device: torch.device, own_code: bool) -> "Ranks":
    """Joins the other processes of a trial; returns when all have.

    Args:
        share: Of this process, by which it is told from others.
        meeting: A file that is not there, the same for all.
        device: Where all train: on the CPU, or each on the GPU of its number.
        own_code: Whether the network is a user's, which may leave out parameters of its own.
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


def _sum(_: None, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
    """In place of the mean over processes: each has its part of the whole batch's mean, and in fp16
    gradients must not be larger than those of one process."""
    future = dist.all_reduce(bucket.buffer(), async_op=True).get_future()
    return future.then(lambda done: done.value()[0])


class Ranks(Team):
    """See Team; of `join`."""

    def __init__(self, share: Share, device: torch.device, own_code: bool) -> None:
        self.share, self.device, self.own_code = share, device, own_code

    def prepared(self, network: nn.Module) -> nn.Module:
        return synchronise(network, self.device)

    def wrapped(self, network: nn.Module) -> Forward:
        wrapped = DistributedDataParallel(
            network,
            device_ids=[self.share.number] if self.device.type == "cuda" else None,
            find_unused_parameters=self.own_code,
        )
        wrapped.register_comm_hook(None, _sum)
        return wrapped

    def keeping_apart(self, forward: Forward, apart: bool) -> AbstractContextManager[object]:
        assert isinstance(forward, DistributedDataParallel)
        return forward.no_sync() if apart else nullcontext()

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
        """Every process draws its own, which follows from seed, step and process alone: whoever
        takes the training up again draws the same."""
        numbers = (seed, step, self.share.number)
        with drawing_from(*numbers):
            if self.device.type == "cuda":
                torch.cuda.manual_seed(seed_of(*numbers))
            yield
