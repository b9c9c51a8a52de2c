"""The involution layer over volumes, by the operator over maps."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import torch.nn.functional as F
from torch import Tensor

from involution_core.generators.factories import GeneratorFactory, make_generator
from involution_core.generators.kernel_generator import KernelGenerator
from involution_core.generators.paper_generators import BottleneckGenerator
from involution_core.generators.pooling import pooling
from involution_core.layer.convolution_calls import convolution_calls
from involution_core.layer.foreign_arguments import refusing
from involution_core.layer.involution import Involution
from involution_core.operator.integers import integers
from involution_core.operator.recording import recorded, static_shape
from involution_core.operator.shapes import Window, check_size, make_window, padding_of


class Involution3d(Involution):
    """Involution over volumes: `Involution` on each frame, with the taps of its neighbours beside.

    It maps (N, C, D, H, W) to (N, C, Do, Ho, Wo), by default (N, C, ⌈D/s⌉, ⌈H/s⌉, ⌈W/s⌉). The
    frames that a window meets are laid side by side as Kd·G groups of channels; the operator over
    maps weighs them, and the Kd results of a group are summed. That holds Kd copies of the input.

    Arguments are those of `Involution`; kernel size, stride, dilation and padding are one integer
    or (depth, height, width). A kernel generator is called as for a map, with Kd·G groups, the
    depth innermost, on one frame for each of the output, (N·Do, C, H, W).

    Args:
        channels: C, the channels in and out.
        kernel_size: K in voxels. Even only with `padding`. Default 7.
        stride: s in voxels. Default 1.
        group_channels: As of `Involution`. Default 16.
        reduction_ratio: As of `Involution`. Default 4.
        dilation: d, voxels between the window's taps. Default 1.
        padding: p, zeros around the volume. Default None, d(K - 1)/2.
        generator: As of `Involution`, one that makes a kernel from its own pixel and leaves the
            values unchanged. Default None, a `BottleneckGenerator`.
        **options: `backend`, `device` and `dtype` of `Involution`.

    Attributes:
        window: Window of a frame, as in `Involution`.
        depth: The window along the depth, over maps (D, H·W).

    Raises:
        ValueError: As `Involution`; one of the four sizes is not one integer or three; a generator
            that overrides `values`, such as attention.

    Examples:
        >>> import torch
        >>> Involution3d(16, kernel_size=3, stride=(1, 2, 2))(torch.randn(1, 16, 4, 9, 8)).shape
        torch.Size([1, 16, 4, 5, 4])

        The weights, biases and BatchNorm left out, are (C² + KdKhKwGC)/r:

        >>> layer = Involution3d(32, kernel_size=(3, 5, 5), group_channels=8)
        >>> sum(p.numel() for p in layer.parameters() if p.ndim == 4)
        2656
        >>> (32**2 + 3 * 5 * 5 * 4 * 32) // 4
        2656

    References:
        Li et al., CVPR 2021, equation 4, in three dimensions.
    """

    @refusing(convolution_calls(3))
    def __init__(
        self,
        channels: int,
        kernel_size: int | Sequence[int] = 7,
        stride: int | Sequence[int] = 1,
        group_channels: int | Literal["C"] = 16,
        reduction_ratio: int = 4,
        *,
        dilation: int | Sequence[int] = 1,
        padding: int | Sequence[int] | None = None,
        generator: str | GeneratorFactory | None = None,
        **options: Any,
    ) -> None:
        kernel = integers("kernel_size", kernel_size, 3, 1)
        step = integers("stride", stride, 3, 1)
        spread = integers("dilation", dilation, 3, 1)
        pad = padding_of(padding, kernel, spread, kernel_size)
        default = partial(BottleneckGenerator, reduction_ratio=reduction_ratio)
        factory = default if generator is None else generator

        def generator_of_all_taps(
            channels: int, kernel_size: Any, groups: int, stride: Any
        ) -> KernelGenerator:
            return make_generator(factory, channels, kernel_size, kernel[0] * groups, stride)

        super().__init__(
            channels,
            kernel[1:],
            step[1:],
            group_channels,
            reduction_ratio,
            dilation=spread[1:],
            padding=pad[1:],
            generator=generator_of_all_taps,
            **options,
        )
        if type(self.generator).values is not KernelGenerator.values:
            name = type(self.generator).__name__
            raise ValueError(
                f"{name} overrides values, which are those of one frame; Involution3d needs a "
                "generator that only makes kernels"
            )
        self.depth = make_window((kernel[0], 1), (step[0], 1), (pad[0], 0), (spread[0], 1))
        self.centre = pooling(self.depth)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer.

        Args:
            x: The input, shape (N, C, D, H, W) or (C, D, H, W), floating point.

        Returns:
            The output, shape (N, C, Do, Ho, Wo) or (C, Do, Ho, Wo), in x's dtype (under autocast in
            the autocast type), contiguous.

        Raises:
            ValueError: `x` has another number of dimensions or channels or is too small for the
                window, or the backend cannot run for it.
        """
        volumes = _as_batch(x, self.channels, self.depth, self.window)
        centres = _frames(self.centre(volumes.flatten(3)).unflatten(3, volumes.shape[3:]))
        taps = _taps(volumes, self.groups, self.depth)
        y = self.aggregate(taps, self.generator(centres))
        return _as_volumes(y, x, self.groups, self.depth)

    def extra_repr(self) -> str:
        """Return the settings that `print(layer)` shows."""
        return f"{super().extra_repr()}, depth={tuple(size for size, _ in self.depth)}"


@recorded
def _as_batch(x: Tensor, channels: int, depth: Window, window: Window) -> Tensor:
    """(N, C, D, H, W), checked."""
    shape = static_shape(x)
    if len(shape) not in (4, 5) or shape[-4] != channels:
        raise ValueError(
            f"x must have shape (N, {channels}, D, H, W) or ({channels}, D, H, W), "
            f"got {tuple(x.shape)}"
        )
    check_size((shape[-3], 1), depth, 0, "depth")
    check_size(shape[-2:], window)
    return x if len(shape) == 5 else x.unsqueeze(0)


def _frames(volumes: Tensor) -> Tensor:
    """(N, C, D, H, W) -> (N·D, C, H, W)."""
    return volumes.transpose(1, 2).flatten(0, 1)


@recorded
def _taps(volumes: Tensor, groups: int, depth: Window) -> Tensor:
    """The frames that each window meets, (N·Do, G·Kd·C/G, H, W)."""
    size = volumes.shape[3:]
    columns = F.unfold(
        volumes.flatten(3), depth.kernel_size, depth.dilation, depth.padding, depth.stride
    )
    by_group = columns.unflatten(1, (groups, -1, depth.taps)).transpose(2, 3).flatten(1, 3)
    return _frames(by_group.unflatten(2, (-1, *size)))


@recorded
def _as_volumes(y: Tensor, x: Tensor, groups: int, depth: Window) -> Tensor:
    """Sum over the depth's taps; without the dimension that `_as_batch` added to x."""
    summed = y.unflatten(1, (groups, depth.taps, -1)).sum(2).flatten(1, 2)
    batch = x.shape[0] if x.ndim == 5 else 1
    volumes = summed.unflatten(0, (batch, -1)).transpose(1, 2).contiguous()
    return volumes if x.ndim == 5 else volumes.squeeze(0)
