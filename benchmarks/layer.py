"""The layer, kernel generator and aggregation, against the slides' module on the CPU, in one run.

Ours as it runs by itself, span and aggregation band by band, and apart, as it runs where something
looks at the kernels in between. The slides' module is theirs in unfold, multiply, sum,
differentiated by autograd, with the same generator. float32; peaks are of tensors alone.
"""

import sys

sys.path.append(sys.path.pop(0))  # this folder last: its operator.py is not the standard library's

from collections.abc import Callable
from typing import Any

import torch
from measuring import arguments, geometric_mean, goal, machine, medians, write
from slides import on_unfold
from torch import Tensor, nn

from ablations.training.process import keep_freed_memory, peak_bytes
from involution_core import Involution

BATCH = 8
SHAPES = [(64, 56), (128, 28), (256, 14), (512, 7)]
LAYERS = ("ours", "ours apart", "slides")


def layer(name: str, channels: int) -> nn.Module:
    """A layer of RedNet-50's stages, K = 7, 16 group channels, r = 4."""
    made = Involution(channels)
    if name == "ours apart":
        made.generator.register_forward_hook(lambda *_: None)
    return on_unfold(made) if name == "slides" else made


def images(name: str, channels: int, size: int) -> Tensor:
    """Channels innermost for ours, as the slides' module has them for itself."""
    x = torch.randn(BATCH, channels, size, size)
    return x if name == "slides" else x.contiguous(memory_format=torch.channels_last)


def passes(module: nn.Module, x: Tensor) -> tuple[Callable[[], None], Callable[[], None]]:
    """The forward pass in inference, and forward and backward in training."""
    x, grad = x.requires_grad_(), torch.randn_like(x)
    wanted = [x, *module.parameters()]

    def forward() -> None:
        module.eval()
        with torch.inference_mode():
            module(x)

    def both() -> None:
        module.train()
        torch.autograd.grad(module(x), wanted, grad)

    return forward, both


def measured(channels: int, size: int) -> dict[str, Any]:
    """Milliseconds and MiB of every layer at one shape."""
    work = {name: passes(layer(name, channels), images(name, channels, size)) for name in LAYERS}
    peaks = {name: peak_bytes(both, torch.device("cpu")) for name, (_, both) in work.items()}
    return {
        "channels": channels,
        "size": size,
        "forward ms": medians({name: forward for name, (forward, _) in work.items()}),
        "both ms": medians({name: both for name, (_, both) in work.items()}),
        "peak MiB": {name: peak / 2**20 for name, peak in peaks.items()},
    }


def shown(row: dict[str, Any]) -> None:
    print(f"\nC={row['channels']}, {row['size']}x{row['size']}")
    print(f"{'':14}{'forward ms':>12}{'both ms':>12}{'peak MiB':>12}")
    for name in LAYERS:
        columns = (row[key][name] for key in ("forward ms", "both ms", "peak MiB"))
        print(f"{name:14}" + "".join(f"{value:12.2f}" for value in columns))


def goals(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Geometric means over the shapes beside what they should reach."""

    def mean(key: str, above: str, below: str) -> float:
        return geometric_mean([row[key][above] / row[key][below] for row in rows])

    print()
    return [
        goal("slides / ours, forward", mean("forward ms", "slides", "ours"), ">=", 60),
        goal("slides / ours, both", mean("both ms", "slides", "ours"), ">=", 30),
        goal("ours / apart, forward", mean("forward ms", "ours", "ours apart"), "<=", 1),
        goal("ours / apart, both", mean("both ms", "ours", "ours apart"), "<=", 1),
        goal("ours / apart, peak of both", mean("peak MiB", "ours", "ours apart"), "<=", 1),
    ]


def main() -> None:
    options = arguments(__doc__)
    print(machine())
    found: dict[str, Any] = {"machine": machine()}
    for memory in ("by the allocator's defaults", "freed memory kept"):
        if memory == "freed memory kept":
            keep_freed_memory()
        print(f"\n{memory}")
        rows = []
        for shape in SHAPES:
            rows.append(measured(*shape))
            shown(rows[-1])
        found[memory] = {"rows": rows, "goals": goals(rows)}
    write(options.json, found)


if __name__ == "__main__":
    main()
