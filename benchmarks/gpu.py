"""Check and timing on a CUDA device, in one command.

First the kernel is held against the unfold formulation; then it is timed against eager unfold,
compiled unfold and depthwise convolution (cuDNN), bfloat16, channels_last, with the share of the
device's own copy bandwidth; then RedNet-50 against torchvision's ResNet-50, images a second and
peak memory.
"""

import sys

sys.path.append(sys.path.pop(0))  # this folder last: its operator.py is not the standard library's

import math
import statistics
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
import torchvision
from measuring import arguments, goal, write
from torch import Tensor

from involution_core import build_network, involution2d
from involution_core.backends import unfold
from involution_core.shapes import make_window

BATCH, KERNEL, SHARED = 64, 7, 16
SHAPES = [(64, 56), (128, 28), (256, 14), (512, 7)]
NETWORK_BATCH = 128
DEVICE, TYPE, LAST = torch.device("cuda"), torch.bfloat16, torch.channels_last


def milliseconds(run: Callable[[], object], rounds: int = 30) -> float:
    """Median time on the device after a warm-up."""
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


def copy_bandwidth() -> float:
    """GB/s read and written by a copy of 1 GiB."""
    source = torch.empty(2**28, device=DEVICE)
    target = torch.empty_like(source)
    return 8 * source.numel() / milliseconds(lambda: target.copy_(source)) / 1e6


def ours(x: Tensor, weight: Tensor) -> Tensor:
    return involution2d(x, weight, kernel_size=KERNEL, backend="triton")


def unfolded(x: Tensor, weight: Tensor) -> Tensor:
    groups = weight.shape[1] // KERNEL**2
    return unfold.forward(x, weight.unflatten(1, (groups, KERNEL, KERNEL)), make_window(KERNEL))


def depthwise(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight, padding=KERNEL // 2, groups=x.shape[1])


def check() -> None:
    """Forward and gradients of the kernel against unfold in float32."""
    for channels, size in SHAPES:
        x = torch.randn(2, channels, size, size, device=DEVICE)
        weight = torch.randn(2, channels // SHARED * KERNEL**2, size, size, device=DEVICE)
        grad = torch.randn_like(x)
        results = []
        for function in (ours, unfolded):
            inputs = [t.detach().clone().requires_grad_() for t in (x, weight)]
            out = function(*inputs)
            results.append((out, *torch.autograd.grad(out, inputs, grad)))
        for got, expected in zip(*results, strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-3)
    print("kernel = unfold, forward and both gradients, at all shapes")


def operator_times(bandwidth: float) -> list[dict[str, Any]]:
    compiled = torch.compile(unfolded, dynamic=False)
    rows = []
    for channels, size in SHAPES:
        new = {"device": DEVICE, "dtype": TYPE}
        x = torch.randn(BATCH, channels, size, size, **new).contiguous(memory_format=LAST)
        taps = channels // SHARED * KERNEL**2
        weight = torch.randn(BATCH, taps, size, size, **new).contiguous(memory_format=LAST)
        fixed = torch.randn(channels, 1, KERNEL, KERNEL, **new)
        grad = torch.randn_like(x)
        peers = {
            "ours": (ours, x, weight),
            "unfold": (unfolded, x.contiguous(), weight.contiguous()),
            "compiled unfold": (compiled, x.contiguous(), weight.contiguous()),
            "depthwise": (depthwise, x, fixed),
        }
        times = {}
        for name, (function, *operands) in peers.items():
            inputs = [t.detach().requires_grad_() for t in operands]
            with torch.no_grad():
                forward = milliseconds(lambda f=function, i=inputs: f(*i))
            both = milliseconds(
                lambda f=function, i=inputs, g=grad: torch.autograd.grad(f(*i), i, g)
            )
            times[name] = {"forward ms": forward, "both ms": both}
            print(f"C={channels:4} {size}x{size} {name:16} {forward:9.3f} {both:9.3f} ms")
        moved = 2 * (2 * x.numel() + weight.numel())
        share = moved / times["ours"]["forward ms"] / 1e6 / bandwidth
        rows.append({"channels": channels, "times": times, "share of copy": share})
    return rows


def network_times() -> dict[str, dict[str, float]]:
    found = {}
    for name, build in [
        ("RedNet-50", lambda: build_network("rednet50")),
        ("ResNet-50", torchvision.models.resnet50),
    ]:
        network = build().to(DEVICE).to(memory_format=LAST)
        images = torch.randn(NETWORK_BATCH, 3, 224, 224, device=DEVICE)
        images = images.contiguous(memory_format=LAST)
        labels = torch.randint(1000, (NETWORK_BATCH,), device=DEVICE)
        optimiser = torch.optim.SGD(network.parameters(), 1e-3, 0.9)

        def step(network=network, optimiser=optimiser, images=images, labels=labels) -> None:
            optimiser.zero_grad()
            with torch.autocast("cuda", TYPE):
                loss = F.cross_entropy(network(images), labels)
            loss.backward()
            optimiser.step()

        torch.cuda.reset_peak_memory_stats()
        training = milliseconds(step, 10)
        peak = torch.cuda.max_memory_allocated() / 2**20
        network.eval()
        with torch.inference_mode(), torch.autocast("cuda", TYPE):
            inference = milliseconds(lambda network=network, images=images: network(images), 10)
        found[name] = {
            "training images/s": 1e3 * NETWORK_BATCH / training,
            "inference images/s": 1e3 * NETWORK_BATCH / inference,
            "training peak MiB": peak,
        }
        print(name, {key: round(value) for key, value in found[name].items()})
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
    shares = [row["share of copy"] for row in rows]
    networks = network_times()
    mean = 100 * math.exp(statistics.fmean(map(math.log, shares)))
    found = [goal("% of copy bandwidth, forward, geometric mean", mean, ">=", 60)]
    write(
        options.json,
        {"device": name, "copy GB/s": bandwidth, "operator": rows, "networks": networks,
         "goals": found},
    )  # fmt: skip


if __name__ == "__main__":
    main()
