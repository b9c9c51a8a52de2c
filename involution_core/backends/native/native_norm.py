"""Batch normalisation, an addition and a ReLU in one pass of the compiled kernel.

All maps are (N, C, H, W), channels_last; gamma, beta and running values (C,).
"""

from typing import NamedTuple

import torch
from torch import Tensor

from involution_core.backends.native.library import SUFFIXES, Library
from involution_core.backends.native.native_backend import KERNEL


class Running(NamedTuple):
    """Running mean and variance (C,), changed in place, and the new values' share."""

    mean: Tensor
    variance: Tensor
    momentum: float


class Gradients(NamedTuple):
    """By x, by what was added, by gamma and by beta; None where none is wanted."""

    x: Tensor | None
    added: Tensor | None
    gamma: Tensor | None
    beta: Tensor | None


def runs_for(x: Tensor) -> bool:
    """Whether the kernel can run for a map: on the CPU, in its layout and one of its types."""
    return (
        isinstance(KERNEL, Library)
        and type(x) is Tensor
        and x.device.type == "cpu"
        and x.dtype in SUFFIXES
        and x.ndim == 4
        and x.is_contiguous(memory_format=torch.channels_last)
    )


def _address(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()


def forward(
    x: Tensor,
    added: Tensor | None,
    gamma: Tensor,
    beta: Tensor,
    running: Running | None,
    relu: bool,
    epsilon: float,
) -> tuple[Tensor, Tensor]:
    """The normalised map, and what `backward` needs: means and reciprocal deviations (2, C)."""
    assert isinstance(KERNEL, Library)
    n, channels, height, width = x.shape
    out, saved = torch.empty_like(x), x.new_empty((2, channels))
    mean, variance, momentum = running or (None, None, 0.0)
    KERNEL.normalise(
        "norm_forward",
        x.dtype,
        *map(_address, (x, added, gamma, beta, mean, variance, out, saved)),
        n * height * width,
        channels,
        relu,
        momentum,
        epsilon,
    )
    return out, saved


def backward(
    grad: Tensor, x: Tensor, out: Tensor, gamma: Tensor, saved: Tensor, relu: bool, added: bool
) -> Gradients:
    """The gradients of `forward`; out, saved: what it returned; added: whether anything was."""
    assert isinstance(KERNEL, Library)
    n, channels, height, width = x.shape
    by_gamma, by_beta = x.new_empty((2, channels))
    by_x = torch.empty_like(x)
    by_added = torch.empty_like(x) if added and relu else None
    KERNEL.normalise(
        "norm_backward",
        x.dtype,
        *map(_address, (grad, x, out, gamma, saved, by_x, by_added, by_gamma, by_beta)),
        n * height * width,
        channels,
        relu,
    )
    return Gradients(by_x, grad if added and not relu else by_added, by_gamma, by_beta)
