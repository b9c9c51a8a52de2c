"""The operator against its peers on the CPU, all in one run, medians.

Peers: the slides' unfold, eager and under torch.compile; depthwise convolution of the same kernel
size in channels_last as the floor; and, over a grid of settings, this package's pure PyTorch
fallback. Threads: torch's own setting, allocator: the process's default. float32.
"""

import sys

sys.path.append(sys.path.pop(0))  # this folder last: its operator.py is not the standard library's

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from measuring import arguments, geometric_mean, goal, machine, machine_limits, medians, write
from torch import Tensor

from involution_core import involution2d
from involution_core.backends import unfold
from involution_core.backends.table import BACKENDS, choose_backend
from involution_core.operator.layout import as_weight, weight_order
from involution_core.operator.shapes import make_window

BATCH, KERNEL, SHARED = 8, 7, 16
SHAPES = [(64, 56), (128, 28), (256, 14), (512, 7)]
GRID_BATCH, GRID_CHANNELS, GRID_SIZE = 4, 64, 28

Function = Callable[[Tensor, Tensor], Tensor]


def passes(
    function: Function, x: Tensor, weight: Tensor, grad: Tensor
) -> tuple[Callable, Callable]:
    """The forward pass alone, and forward and backward together."""
    x, weight = x.detach().requires_grad_(), weight.detach().requires_grad_()

    def forward() -> None:
        with torch.no_grad():
            function(x, weight)

    def both() -> None:
        torch.autograd.grad(function(x, weight), (x, weight), grad)

    return forward, both


def operands(
    batch: int, channels: int, size: int, shared: int, kernel: int, stride: int, dilation: int
) -> tuple[Tensor, Tensor, Tensor]:
    """x, weight (6-D) and the output's gradient, channels innermost, as in a network."""
    groups, window = channels // shared, make_window(kernel, stride, None, dilation)
    height, width = window.output_size((size, size))
    innermost = BACKENDS["native"].groups_innermost(torch.float32, channels, groups)
    logical = (batch, groups, kernel, kernel, height, width)
    weight = as_weight(torch.randn([logical[a] for a in weight_order(innermost)]), innermost)
    x, grad = torch.randn(batch, channels, size, size), torch.randn(batch, channels, height, width)
    last = torch.channels_last
    return x.contiguous(memory_format=last), weight, grad.contiguous(memory_format=last)


def ours(kernel: int, stride: int = 1, dilation: int = 1, backend: str | None = None) -> Function:
    return lambda x, weight: involution2d(
        x, weight, kernel_size=kernel, stride=stride, dilation=dilation, backend=backend
    )


def main_shapes(limits: dict[str, float]) -> list[dict[str, Any]]:
    """The four shapes of RedNet-50's stages, K = 7, 16 group channels."""
    window = make_window(KERNEL)
    compiled = torch.compile(lambda x, weight: unfold.forward(x, weight, window), dynamic=False)
    rows = []
    for channels, size in SHAPES:
        x, weight, grad = operands(BATCH, channels, size, SHARED, KERNEL, 1, 1)
        plain = [tensor.contiguous() for tensor in (x, weight, grad)]
        depthwise = torch.randn(channels, 1, KERNEL, KERNEL).contiguous(
            memory_format=torch.channels_last
        )
        peers = {
            "ours": passes(ours(KERNEL), x, weight, grad),
            "unfold": passes(lambda x, w: unfold.forward(x, w, window), *plain),
            "compiled unfold": passes(compiled, *plain),
            "depthwise": passes(
                lambda x, w: F.conv2d(x, w, padding=KERNEL // 2, groups=x.shape[1]),
                x,
                depthwise,
                grad,
            ),
        }
        forward = medians({name: pair[0] for name, pair in peers.items()})
        both = medians({name: pair[1] for name, pair in peers.items()})
        gflop = 2 * BATCH * channels * size**2 * KERNEL**2 / 1e9
        traffic = 4e-9 * (2 * x.numel() + weight.numel())
        rows.append({"channels": channels, "size": size, "forward ms": forward, "both ms": both})
        print(f"\nC={channels}, {size}x{size}         forward ms   forward + backward ms")
        for name in peers:
            print(f"  {name:20} {forward[name]:12.2f} {both[name]:12.2f}")
        rate, bandwidth = gflop / forward["ours"] * 1e3, traffic / forward["ours"] * 1e3
        print(
            f"  ours, forward: {rate:.0f} GFLOP/s = {100 * rate / limits['sgemm GFLOP/s']:.0f} % "
            f"of sgemm; {bandwidth:.1f} GB/s = "
            f"{100 * bandwidth / limits['copy GB/s']:.0f} % of copy"
        )
    return rows


def goals(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ratios of the main shapes beside what they should reach."""
    print()
    found = []
    for row in rows:
        times = row["forward ms"]
        name = f"unfold / ours, forward, C={row['channels']}"
        found.append(goal(name, times["unfold"] / times["ours"], ">=", 150))
    for name, key, above, below, bound, limit in [
        ("unfold / ours, forward + backward, geometric mean", "both ms", "unfold", "ours",
         ">=", 60),
        ("ours / depthwise, forward, geometric mean", "forward ms", "ours", "depthwise", "<=", 0.9),
        ("ours / depthwise, forward + backward, geometric mean", "both ms", "ours", "depthwise",
         "<=", 0.5),
    ]:  # fmt: skip
        ratios = [row[key][above] / row[key][below] for row in rows]
        found.append(goal(name, geometric_mean(ratios), bound, limit))
    return found


def grid() -> list[dict[str, Any]]:
    """K x group channels x stride x dilation: never slower than the fallback, 10 x unfold."""
    print(
        f"\nbatch {GRID_BATCH}, C={GRID_CHANNELS}, {GRID_SIZE}x{GRID_SIZE}: forward + backward ms"
    )
    print(f"{'K':>3}{'g':>4}{'s':>3}{'d':>3}{'ours':>9}{'shift':>9}{'unfold':>9}{'ratios':>15}")
    rows = []
    for kernel, shared, stride, dilation in itertools.product(
        (3, 5, 7, 9), (1, 4, 16, GRID_CHANNELS), (1, 2), (1, 2)
    ):
        x, weight, grad = operands(
            GRID_BATCH, GRID_CHANNELS, GRID_SIZE, shared, kernel, stride, dilation
        )
        plain = [tensor.contiguous() for tensor in (x, weight, grad)]
        window = make_window(kernel, stride, None, dilation)
        peers = {
            "ours": passes(ours(kernel, stride, dilation), x, weight, grad)[1],
            "shift": passes(ours(kernel, stride, dilation, "shift"), x, weight, grad)[1],
            "unfold": passes(lambda x, w, window=window: unfold.forward(x, w, window), *plain)[1],
        }
        times = medians(peers, seconds=0.15)
        over_shift, over_unfold = times["shift"] / times["ours"], times["unfold"] / times["ours"]
        rows.append({"kernel_size": kernel, "group_channels": shared, "stride": stride,
                     "dilation": dilation, "ms": times})  # fmt: skip
        print(
            f"{kernel:3}{shared:4}{stride:3}{dilation:3}{times['ours']:9.2f}{times['shift']:9.2f}"
            f"{times['unfold']:9.2f}{over_shift:7.1f}{over_unfold:8.1f}"
        )
    print()
    return rows


def grid_goals(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The worst of the grid beside what it should reach."""
    fallback = min(row["ms"]["shift"] / row["ms"]["ours"] for row in rows)
    unfolding = min(
        row["ms"]["unfold"] / row["ms"]["ours"] for row in rows if row["kernel_size"] >= 5
    )
    return [
        goal("shift / ours over the grid, least", fallback, ">=", 1),
        goal("unfold / ours over the grid at K >= 5, least", unfolding, ">=", 10),
        goal(
            "time of dilation 1 / of dilation 2, largest", max(_steps(rows, "dilation")), "<=", 1.5
        ),
        goal(
            "time a tap, K / next smaller K, largest", max(_steps(rows, "kernel_size")), "<=", 1.5
        ),
    ]


def _steps(rows: list[dict[str, Any]], axis: str) -> list[float]:
    """Our time a tap in each setting over that in its neighbour, which differs in `axis` alone: the
    next smaller kernel size, or dilation 2 of dilation 1. A cliff is a large one."""
    settings = ("kernel_size", "group_channels", "stride", "dilation")
    a_tap = {
        tuple(row[name] for name in settings): row["ms"]["ours"] / row["kernel_size"] ** 2
        for row in rows
    }
    place, step = (0, -2) if axis == "kernel_size" else (3, 1)
    beside = {at: (*at[:place], at[place] + step, *at[place + 1 :]) for at in a_tap}
    return [a_tap[at] / a_tap[other] for at, other in beside.items() if other in a_tap]


def main() -> None:
    options = arguments(__doc__)
    warnings.filterwarnings("ignore", module="torch")
    torch.manual_seed(0)
    limits = machine_limits()
    print(f"{machine()}, "
          f"backend {choose_backend(None, torch.device('cpu'), torch.float32).name}; "
          + ", ".join(f"{name} {value:.0f}" for name, value in limits.items()))  # fmt: skip
    rows = main_shapes(limits)
    found = goals(rows)
    settings = grid()
    found += grid_goals(settings)
    write(options.json, {"limits": limits, "shapes": rows, "grid": settings, "goals": found})


if __name__ == "__main__":
    main()
