"""Check and timing on a CUDA device, in one command.

First the kernels are held against the unfold formulation. Then the operator is timed on the device
against eager unfold, compiled unfold and depthwise convolution (cuDNN), in bfloat16, channels_last,
with the share of the device's own copy bandwidth. Then RedNet-50 against torchvision's ResNet-50:
images a second as PyTorch runs it, as a CUDA graph and compiled by Inductor, and peak memory.

Operator times are of the device alone: calls are captured in a CUDA graph, over sets of operands
that together do not fit into the L2 cache, and replayed.
"""

import sys

sys.path.append(sys.path.pop(0))  # this folder last: its operator.py is not the standard library's

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
import torchvision
from measuring import arguments, geometric_mean, goal, write
from torch import Tensor, nn

from involution_core import build_network, involution2d
from involution_core.backends import unfold
from involution_core.operator.shapes import make_window

BATCH, KERNEL, SHARED = 64, 7, 16
SHAPES = [(64, 56), (128, 28), (256, 14), (512, 7)]
NETWORK_BATCH = 128
DEVICE, TYPE, LAST = torch.device("cuda"), torch.bfloat16, torch.channels_last
NETWORKS = {
    "RedNet-50": lambda: build_network("rednet50"),
    "ResNet-50": torchvision.models.resnet50,
}

Run = Callable[[], object]


def milliseconds(run: Run, rounds: int) -> float:
    """Median time between two events on the device, after a warm-up."""
    for _ in range(3):
        run()
    times = []
    for _ in range(rounds):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times)


def captured(runs: Sequence[Run]) -> Run:
    """What replays `runs`, one after the other, as one CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for run in [*runs, *runs]:
            run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for run in runs:
            run()
    return graph.replay


def on_device(runs: Sequence[Run]) -> float:
    """Milliseconds of one of `runs` on the device."""
    return milliseconds(captured(runs), 10) / len(runs)


def copy_bandwidth() -> float:
    """GB/s read and written by a copy of 1 GiB."""
    source = torch.empty(2**28, device=DEVICE)
    target = torch.empty_like(source)
    return 8 * source.numel() / milliseconds(lambda: target.copy_(source), 30) / 1e6


def ours(x: Tensor, weight: Tensor) -> Tensor:
    return involution2d(x, weight, kernel_size=KERNEL, backend="triton")


def unfolded(x: Tensor, weight: Tensor) -> Tensor:
    groups = weight.shape[1] // KERNEL**2
    return unfold.forward(x, weight.unflatten(1, (groups, KERNEL, KERNEL)), make_window(KERNEL))


def depthwise(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight, padding=KERNEL // 2, groups=x.shape[1])


def check() -> None:
    """Forward and gradients of the kernels against unfold, in float32 and bfloat16."""
    for (channels, size), dtype in [(shape, t) for shape in SHAPES for t in (torch.float32, TYPE)]:
        x = torch.randn(2, channels, size, size, device=DEVICE)
        weight = torch.randn(2, channels // SHARED * KERNEL**2, size, size, device=DEVICE)
        operands = [t.to(dtype).contiguous(memory_format=LAST) for t in (x, weight, x.neg())]
        results = []
        for function, kind in ((ours, dtype), (unfolded, torch.float32)):
            *inputs, grad = (t.detach().to(kind).requires_grad_() for t in operands)
            out = function(*inputs)
            results.append((out, *torch.autograd.grad(out, inputs, grad)))
        for got, expected in zip(*results, strict=True):
            error = (got.float() - expected).norm() / expected.norm()
            if not error < (1e-5 if dtype == torch.float32 else 5e-3):
                sys.exit(f"C={channels}, {dtype}: differs from unfold by {error:.1e}")
    print("kernels = unfold, forward and both gradients, at all shapes, float32 and bfloat16")


def operands(channels: int, size: int) -> dict[str, tuple[Callable[..., Tensor], list[Tensor]]]:
    """Each peer with its two operands."""
    new = {"device": DEVICE, "dtype": TYPE}
    x = torch.randn(BATCH, channels, size, size, **new).contiguous(memory_format=LAST)
    taps = channels // SHARED * KERNEL**2
    weight = torch.randn(BATCH, taps, size, size, **new).contiguous(memory_format=LAST)
    fixed = torch.randn(channels, 1, KERNEL, KERNEL, **new)
    plain = [x.contiguous(), weight.contiguous()]
    return {
        "ours": (ours, [x, weight]),
        "unfold": (unfolded, plain),
        "compiled unfold": (torch.compile(unfolded, dynamic=False), plain),
        "depthwise": (depthwise, [x, fixed]),
    }


def forward(function: Callable[..., Tensor], inputs: list[Tensor]) -> Run:
    def run() -> None:
        with torch.no_grad():
            function(*inputs)

    return run


def both(function: Callable[..., Tensor], inputs: list[Tensor]) -> Run:
    inputs = [tensor.detach().requires_grad_() for tensor in inputs]
    grad = torch.randn_like(inputs[0])
    return lambda: torch.autograd.grad(function(*inputs), inputs, grad)


def operator_times(bandwidth: float) -> list[dict[str, Any]]:
    cache = torch.cuda.get_device_properties(DEVICE).L2_cache_size
    rows = []
    for channels, size in SHAPES:
        # Each input is read once and each output written once.
        moved = 2 * BATCH * size**2 * (2 * channels + channels // SHARED * KERNEL**2)
        sets = [operands(channels, size) for _ in range(3 * cache // moved + 1)]
        times = {}
        for name in sets[0]:
            pairs = [peers[name] for peers in sets]
            times[name] = {
                "forward ms": on_device([forward(*pair) for pair in pairs]),
                "both ms": on_device([both(*pair) for pair in pairs]),
            }
            print(
                f"C={channels:4} {size}x{size:<3} {name:16}",
                *(f"{t:9.3f}" for t in times[name].values()),
                "ms",
            )
        share = 100 * moved / times["ours"]["forward ms"] / 1e6 / bandwidth
        rows.append({"channels": channels, "times": times, "% of copy": share})
    return rows


def print_ratios(rows: list[dict[str, Any]]) -> None:
    for key in ("forward ms", "both ms"):
        for peer, other in (("unfold", "ours"), ("compiled unfold", "ours"), ("ours", "depthwise")):
            mean = geometric_mean(
                [row["times"][peer][key] / row["times"][other][key] for row in rows]
            )
            print(f"{f'{peer} / {other}, {key[:-3]}, geometric mean':70} {mean:8.2f}")


def training_step(network: nn.Module, images: Tensor) -> Run:
    """One step of SGD with momentum under autocast."""
    network.train()
    labels = torch.randint(1000, (len(images),), device=DEVICE)
    optimizer = torch.optim.SGD(network.parameters(), 1e-3, 0.9)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cuda", TYPE, cache_enabled=False):
            loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()

    return step


def inference(network: nn.Module, images: Tensor) -> Run:
    """One batch in eval mode without gradients."""
    network.eval()

    def infer() -> None:
        with torch.no_grad(), torch.autocast("cuda", TYPE, cache_enabled=False):
            network(images)

    return infer


def network_figures(name: str) -> dict[str, float]:
    """Images a second by way of running, and the peak of a training step in MiB."""
    images = torch.randn(NETWORK_BATCH, 3, 224, 224, device=DEVICE).contiguous(memory_format=LAST)
    network = NETWORKS[name]().to(DEVICE).to(memory_format=LAST)
    found: dict[str, float] = {}

    def add(key: str, run: Run) -> None:
        found[key] = 1e3 * NETWORK_BATCH / milliseconds(run, 10)
        print(f"{name} {key:24} {found[key]:7.0f} images/s", flush=True)

    torch.cuda.reset_peak_memory_stats()
    add("training", training_step(network, images))
    found["training peak MiB"] = torch.cuda.max_memory_allocated() / 2**20
    add("training, graph", captured([training_step(network, images)]))
    add("inference", inference(network, images))
    add("inference, graph", captured([inference(network, images)]))
    compiled = torch.compile(network)
    add("training, Inductor", training_step(compiled, images))
    add("inference, Inductor", inference(compiled, images))
    return found


def network_ratios(networks: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    """Prints the ratios of both networks' figures."""
    rednet, resnet = networks.values()
    peak = rednet["training peak MiB"] / resnet["training peak MiB"]
    found = [goal("peak memory, RedNet-50 / ResNet-50, training", peak, "<=", 1)]
    for key in (key for key in rednet if "MiB" not in key):
        name = f"images/s, RedNet-50 / ResNet-50, {key}"
        found.append(goal(name, rednet[key] / resnet[key], ">=", 1.3))
    return found


def main() -> None:
    options = arguments(__doc__)
    if not torch.cuda.is_available():
        sys.exit("no CUDA device is available")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(0)
    bandwidth = copy_bandwidth()
    name = torch.cuda.get_device_name()
    print(f"{name}, torch {torch.__version__}, copy {bandwidth:.0f} GB/s")
    check()
    rows = operator_times(bandwidth)
    share = geometric_mean([row["% of copy"] for row in rows])
    goals = [goal("% of copy bandwidth, forward, geometric mean", share, ">=", 60)]
    print_ratios(rows)
    networks = {name: network_figures(name) for name in NETWORKS}
    goals += network_ratios(networks)
    write(
        options.json,
        {"device": name, "copy GB/s": bandwidth, "operator": rows, "networks": networks,
         "goals": goals},
    )  # fmt: skip


if __name__ == "__main__":
    main()
