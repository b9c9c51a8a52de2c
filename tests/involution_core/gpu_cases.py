"""Holds the Triton kernels against the unfold formulation on a device, in cases drawn at random.

Run as a program: `python gpu_cases.py cpu 16` under TRITON_INTERPRET=1, `python gpu_cases.py cuda
30`; prints how often each kernel ran.
"""

import json
import random
import sys
from collections import Counter
from unittest import mock

import torch

from involution_core import involution2d
from involution_core.backends.gpu import plain, rows, tiles
from involution_core.operator.layout import weight_like
from involution_core.operator.shapes import make_window

TOLERANCE = {
    torch.float32: 1e-5,
    torch.float16: 2e-3,
    torch.bfloat16: 1e-2,
    torch.float64: 1e-12,
}
WINDOWS = [
    (3, 1, 1),
    (3, 2, 2),
    ((1, 5), 1, 1),
    (7, 2, 1),
    (5, 1, (1, 2)),
    (7, 1, 1),
    ((2, 4), 1, 1),
]
CHANNELS = [(16, 16), (12, 3), (8, 1), (80, 80), (48, 24), (32, 16), (144, 144)]


def check(device: str, draw: random.Random) -> None:
    """Compares forward and both gradients in a case; AssertionError where one differs."""
    kernel, stride, dilation = draw.choice(WINDOWS)
    channels, shared = draw.choice(CHANNELS)
    dtype = draw.choice(list(TOLERANCE))
    size = draw.randint(5, 9), draw.randint(9, 12)
    padding = draw.choice([None, 0])
    if padding is None:
        size = draw.randint(1, 9), draw.randint(1, 9)
    if shared > 100:  # the interpreter takes these a channel at a time
        padding, size = None, (2, 3)
    if padding is None and kernel == (2, 4):  # an even window has no centre
        padding = 1
    window = make_window(kernel, stride, padding, dilation)
    if min(window.output_size(size)) < 1:
        return
    groups = channels // shared
    torch.manual_seed(draw.randrange(2**32))
    x = torch.randn(2, channels, *size, device=device)
    weight = torch.randn(2, groups, *window.kernel_size, *window.output_size(size), device=device)
    grad = torch.randn(2, channels, *window.output_size(size), device=device)
    last = torch.channels_last if draw.random() < 0.75 else torch.contiguous_format
    x, grad = (t.to(dtype).contiguous(memory_format=last) for t in (x, grad))
    weight = weight_like(x, weight.to(dtype), groups_innermost=draw.random() < 0.5)
    results = []
    exact = torch.float64 if dtype == torch.float64 else torch.float32
    for backend, kind in (("triton", dtype), ("unfold", exact)):
        inputs = [t.to(kind).detach().requires_grad_() for t in (x, weight)]
        out = involution2d(
            *inputs, kernel_size=kernel, stride=stride, padding=padding, dilation=dilation,
            backend=backend,
        )  # fmt: skip
        results.append((out, *torch.autograd.grad(out, inputs, grad.to(kind))))
    for got, expected in zip(*results, strict=True):
        error = (got.to(exact) - expected).norm() / expected.norm().clamp(min=1e-6)
        case = (
            kernel,
            stride,
            dilation,
            channels,
            shared,
            dtype,
            size,
            padding,
            last,
            weight.stride(),
        )
        assert error <= TOLERANCE[dtype], (float(error), case)


def main(device: str, cases: int, seed: int = 0) -> dict[str, int]:
    """Checks cases and returns how often each kernel ran."""
    ran: Counter[str] = Counter()

    def counting(name, launch):
        def launched(call):
            ran[f"{name} {call.kernel}"] += 1
            launch(call)

        return launched

    draw = random.Random(seed)
    with (
        mock.patch.object(plain, "launch", counting("plain", plain.launch)),
        mock.patch.object(rows, "launch", counting("rows", rows.launch)),
        mock.patch.object(tiles, "launch", counting("tiles", tiles.launch)),
    ):
        for _ in range(cases):
            check(device, draw)
    return ran


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
