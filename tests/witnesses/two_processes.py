"""One training step of a layer in two processes, by DDP or FSDP, held against one process."""

import sys
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from involution_core import Involution, LinearGenerator


def make_network():
    torch.manual_seed(0)
    return nn.Sequential(Involution(16, 3, 2, 8, generator=LinearGenerator), nn.Conv2d(16, 4, 1))


def step(network, x):
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    network(x).square().mean().backward()
    optimizer.step()


def work(rank, wrapper, file):
    dist.init_process_group("gloo", f"file://{file}", rank=rank, world_size=2)
    torch.manual_seed(1)
    x = torch.randn(4, 16, 7, 7)
    alone, network = make_network(), make_network()
    step(alone, x)
    if wrapper == "ddp":
        step(DistributedDataParallel(network), x[2 * rank : 2 * rank + 2])
        values = list(network.parameters())
    else:
        mesh = dist.device_mesh.init_device_mesh("cpu", (2,))
        for part in network:
            fully_shard(part, mesh=mesh)
        step(fully_shard(network, mesh=mesh), x[2 * rank : 2 * rank + 2])
        values = [value.full_tensor() for value in network.parameters()]
    for got, expected in zip(values, alone.parameters(), strict=True):
        torch.testing.assert_close(got, expected)
    dist.destroy_process_group()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(work, (sys.argv[1], f"{folder}/meeting"), nprocs=2)
