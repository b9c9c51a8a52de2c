"""RedNet-50 against ResNet-50 and against RedNet-50 on the slides' unfold, on the CPU.

torchvision's ResNet-50 and the RedNets in channels_last, float32, torch's own number of threads;
RedNet-50 and ResNet-50 also with their BatchNorms folded for inference, by the same function, and
compiled by Inductor with frozen parameters; with the C allocator's defaults, and then again with
freed memory kept. Each peak of memory is measured in a separate process.
"""

import sys

sys.path.append(sys.path.pop(0))  # this folder last: its operator.py is not the standard library's

import copy
import json
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import torchvision
from measuring import arguments, goal, machine, medians, write
from slides import on_unfold
from torch import nn

from ablations.training.process import keep_freed_memory
from involution_core import build_network, fuse_for_inference

SIZE = 224
STEP_BATCH, MEMORY_BATCH = 4, 8
COMPARED = ("rednet50", "resnet50")
"""Also folded, and compiled."""


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "rednet50": lambda: build_network("rednet50"),
    "resnet50": torchvision.models.resnet50,
    "rednet50 on unfold": lambda: on_unfold(build_network("rednet50")),
}


def images(batch: int) -> torch.Tensor:
    return torch.randn(batch, 3, SIZE, SIZE).contiguous(memory_format=torch.channels_last)


def training_step(network: nn.Module, batch: int) -> Callable[[], None]:
    """One step of SGD with momentum on random images."""
    network.train()
    optimiser = torch.optim.SGD(network.parameters(), 1e-3, 0.9)
    x, labels = images(batch), torch.randint(1000, (batch,))

    def step() -> None:
        optimiser.zero_grad()
        F.cross_entropy(network(x), labels).backward()
        optimiser.step()

    return step


def inference(network: nn.Module, batch: int) -> Callable[[], None]:
    """One batch in eval mode without gradients."""
    network.eval()
    x = images(batch)

    def infer() -> None:
        with torch.inference_mode():
            network(x)

    return infer


def compiled(network: nn.Module) -> nn.Module:
    """A copy that Inductor makes a program of at its first call, its parameters being constants."""
    return torch.compile(copy.deepcopy(network).eval(), options={"freezing": True})


def build(name: str) -> nn.Module:
    torch.manual_seed(0)
    return NETWORKS[name]().to(memory_format=torch.channels_last)


def resident_peak() -> float:
    """This process's own peak of resident memory, MiB. (ru_maxrss holds the parent's as well.)"""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def peak(name: str) -> float:
    """Peak resident memory of two training steps, MiB, above that of the imports."""
    before = resident_peak()
    step = training_step(build(name), MEMORY_BATCH)
    step()
    step()
    return resident_peak() - before


def peak_in_own_process(name: str) -> float:
    command = [sys.executable, __file__, "--peak", name]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def times(
    networks: dict[str, nn.Module], programs: dict[str, nn.Module]
) -> dict[str, dict[str, float]]:
    """Median milliseconds of a training step and of inference, by network; of inference also
    folded, and by the compiled programs."""
    # One after the other: making either sets the networks' mode.
    steps = medians({name: training_step(net, STEP_BATCH) for name, net in networks.items()}, 8, 12)
    kinds = {
        "inference ms": networks,
        "folded inference ms": {name: fuse_for_inference(networks[name]) for name in COMPARED},
        "compiled inference ms": programs,
    }
    peers = {
        (kind, name): inference(net, STEP_BATCH)
        for kind, nets in kinds.items()
        for name, net in nets.items()
    }
    found = medians(peers, 4, 25)
    by_kind = {kind: {name: found[kind, name] for name in nets} for kind, nets in kinds.items()}
    return {"step ms": steps, **by_kind}


def show(measured: dict[str, dict[str, float]]) -> None:
    print("".join([" " * 22, *(f"{heading:>22}" for heading in measured)]))
    for name in NETWORKS:
        cells = (f"{column[name]:.0f}" if name in column else "-" for column in measured.values())
        print(f"{name:22}" + "".join(f"{cell:>22}" for cell in cells))
    print()


def main() -> None:
    options = arguments(__doc__)
    warnings.filterwarnings("ignore", module="torch")
    print(f"batch {STEP_BATCH}, {machine()}")
    networks = {name: build(name) for name in NETWORKS}
    programs = {name: compiled(networks[name]) for name in COMPARED}
    measured = times(networks, programs)
    peaks = {name: peak_in_own_process(name) for name in NETWORKS}
    show(measured | {f"peak MiB, batch {MEMORY_BATCH}": peaks})
    keep_freed_memory()
    kept = times(networks, programs)
    print("the same with freed memory kept, as the command line has it for its own process")
    show(kept)
    ours, resnet, unfold = NETWORKS
    steps, inferences, kept_steps = measured["step ms"], measured["inference ms"], kept["step ms"]
    folded = measured["folded inference ms"]
    over_unfold, over_resnet = "RedNet-50 step: unfold / ours", "RedNet-50 / ResNet-50"

    def beside_resnet(what: str, values: dict[str, float], limit: float) -> dict[str, Any]:
        return goal(f"{what}: {over_resnet}", values[ours] / values[resnet], "<=", limit)

    found: list[dict[str, Any]] = [
        goal(over_unfold, steps[unfold] / steps[ours], ">=", 7),
        goal(over_unfold + ", memory kept", kept_steps[unfold] / kept_steps[ours], ">=", 7),
        beside_resnet("step", steps, 0.8),
        beside_resnet("step, memory kept", kept_steps, 0.85),
        beside_resnet("inference", inferences, 0.65),
        beside_resnet("inference, folded", folded, 0.75),
        beside_resnet("inference, compiled", measured["compiled inference ms"], 0.75),
        beside_resnet("peak memory", peaks, 0.95),
        goal("peak memory: RedNet-50 / on unfold", peaks[ours] / peaks[unfold], "<=", 0.31),
    ]
    write(options.json, measured | {"kept memory": kept, "peak MiB": peaks, "goals": found})


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        print(peak(sys.argv[2]))
    else:
        main()
