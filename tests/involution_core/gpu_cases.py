"""Holds the Triton kernel against the unfold formulation on a device; prints how many cases agreed.

Run as a program: `python gpu_cases.py cpu` under TRITON_INTERPRET=1, `python gpu_cases.py cuda`.
"""

import itertools
import sys

import torch

from involution_core import involution2d
from involution_core.shapes import make_window

TOLERANCE = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 8e-2}


def check(device: str) -> int:
    """Number of cases compared, forward and both gradients; AssertionError where one differs."""
    cases = 0
    grid = itertools.product(
        [(3, 1, 1), (3, 2, 2), ((1, 5), 1, 1), (7, 2, 1)],
        [(16, 16), (12, 3), (8, 1), (80, 80)],
        [False, True],
        [torch.float32, torch.float16, torch.bfloat16],
    )
    for (kernel, stride, dilation), (channels, shared), last, dtype in grid:
        window = make_window(kernel, stride, None, dilation)
        torch.manual_seed(cases)
        size = (6, 5)
        x = torch.randn(2, channels, *size, device=device)
        groups = channels // shared
        weight = torch.randn(2, groups * window.taps, *window.output_size(size), device=device)
        grad = torch.randn(2, channels, *window.output_size(size), device=device)
        if last:
            x, weight, grad = (
                t.contiguous(memory_format=torch.channels_last) for t in (x, weight, grad)
            )
        x, weight, grad = x.to(dtype), weight.to(dtype), grad.to(dtype)
        results = []
        for backend, kind in (("triton", dtype), ("unfold", torch.float32)):
            inputs = [t.to(kind).detach().requires_grad_() for t in (x, weight)]
            out = involution2d(
                *inputs, kernel_size=kernel, stride=stride, dilation=dilation, backend=backend
            )
            results.append((out, *torch.autograd.grad(out, inputs, grad.to(kind))))
        for got, expected in zip(*results, strict=True):
            torch.testing.assert_close(
                got.float(), expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]
            )
        cases += 1
    return cases


if __name__ == "__main__":
    print(check(sys.argv[1]))
