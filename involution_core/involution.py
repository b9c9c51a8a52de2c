"""The involution layer."""

from collections.abc import Sequence
from contextlib import nullcontext
from operator import index
from typing import Any, Literal, Never, SupportsIndex

import torch
from torch import Tensor, nn

from involution_core.functional import involution2d
from involution_core.generators import BottleneckGenerator, GeneratorFactory
from involution_core.graphs import recorded, static_shape
from involution_core.shapes import Pair, Window, check_size, make_window

INSTEAD = {
    "in_channels": "channels counts them in and out",
    "out_channels": "it gives as many channels as it takes; put "
    "torch.nn.Conv2d(channels, out_channels, 1) behind it",
    "groups": "write group_channels, the channels that share a kernel",
    "bias": "nothing is added to its output; leave it out, or put a BatchNorm behind it",
    "padding_mode": "outside the image x is 0; pad with torch.nn.functional.pad before it and "
    "write padding=0",
}
"""Arguments of torch.nn.Conv2d that an involution has not, and what to write instead."""


class Involution(nn.Module):
    """Involution layer: generates a kernel for each output pixel and applies it.

    It maps (N, C, H, W) to (N, C, Ho, Wo), by default (N, C, ⌈H/s⌉, ⌈W/s⌉), and takes the place
    of a convolution with as many channels out as in. It loads state dicts with the parameter names
    of the authors' module (`reduce.0.weight`, `span.weight`, ...) as well as its own
    (`generator.reduce.0.weight`, ...).

    A window's kernel is generated from the pixel that it is centred on, or with stride s > 1 from
    the average of the s x s cell that starts there. An even window is centred on the last pixel of
    its first half; a centre beyond the image is a pixel of zeros.

    Args:
        channels: C, the channels in and out.
        kernel_size: K in pixels, one integer or (height, width). Even only with `padding`.
            Default 7.
        stride: s in pixels, likewise. Default 1.
        group_channels: Channels that share a kernel, a divisor of C; "C" shares it over all
            channels. Default 16.
        reduction_ratio: r of the default generator W₁σ(W₀x), a divisor of C. Not used with
            `generator`. Default 4.
        dilation: d, pixels between the window's taps, likewise. Default 1.
        padding: p, pixels of zeros around the image, likewise. Default None, d(K - 1)/2, which
            centres the window on its pixel and keeps the size of the map but for the stride.
        generator: Factory of another kernel generator, called with
            (channels, kernel_size, groups, stride). Default None, a `BottleneckGenerator`.
        backend: Implementation of the operator, see `involution2d`. Default None, the first that
            can run.
        device: Where the parameters are made. Default None, torch's default.
        dtype: Floating point type of the parameters. Default None, torch's default.
        **convolution: What a convolution takes and an involution has not: refused.

    Attributes:
        groups: G, the number of kernels for each pixel, C / group_channels.
        generator: The kernel generator, a `KernelGenerator`.
        window: Kernel size, stride, padding and dilation, each (height, width).

    Raises:
        ValueError: `channels` below 1, an even or non-positive `kernel_size`, a `stride` or
            `dilation` below 1, a negative `padding`, or `group_channels` or `reduction_ratio` that
            do not divide C.
        TypeError: An argument of `torch.nn.Conv2d` that an involution has not; the message says
            what to write instead.

    Examples:
        >>> import torch
        >>> layer = Involution(64, kernel_size=7, stride=2, group_channels=16, reduction_ratio=4)
        >>> layer(torch.randn(1, 64, 57, 56)).shape
        torch.Size([1, 64, 29, 28])
        >>> Involution(64, (3, 5), dilation=2)(torch.randn(64, 8, 8)).shape
        torch.Size([64, 8, 8])

        The weights, biases and BatchNorm left out, are (C² + KhKwGC)/r:

        >>> sum(p.numel() for p in layer.parameters() if p.ndim == 4)
        4160
        >>> (64**2 + 7 * 7 * 4 * 64) // 4
        4160

    References:
        Li et al., CVPR 2021, equation 4 and Algorithm 1; the slides "A Simple Yet Effective
        Formulation" and the two with the module's code.
    """

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
        generator: GeneratorFactory | None = None,
        backend: str | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
        **convolution: Never,
    ) -> None:
        _refuse(type(self).__name__, convolution)
        super().__init__()
        self.window = make_window(kernel_size, stride, padding, dilation)
        if not isinstance(channels, SupportsIndex) or index(channels) < 1:
            raise ValueError(f"channels must be an integer of at least 1, got {channels!r}")
        channels = index(channels)
        shared = channels if group_channels == "C" else group_channels
        if not isinstance(shared, SupportsIndex) or index(shared) < 1 or channels % index(shared):
            raise ValueError(
                f"group_channels must be 'C' or divide channels={channels}, got {group_channels!r}"
            )
        self.channels = channels
        self.kernel_size = _one(self.window.kernel_size)
        self.stride = _one(self.window.stride)
        self.group_channels = index(shared)
        self.groups = channels // self.group_channels
        self.backend = backend
        with nullcontext() if device is None else torch.device(device):
            self.generator = (
                BottleneckGenerator(
                    channels, self.kernel_size, self.groups, self.stride, reduction_ratio
                )
                if generator is None
                else generator(channels, self.kernel_size, self.groups, self.stride)
            )
        self.generator.follow(self.window)
        self.to(dtype=dtype)
        self.register_load_state_dict_pre_hook(_rename_original_keys)

    def forward(self, x: Tensor) -> Tensor:
        """Applies the layer.

        Args:
            x: The input, shape (N, C, H, W) or (C, H, W), floating point.

        Returns:
            The output, shape (N, C, Ho, Wo) or (C, Ho, Wo), in x's dtype (under autocast in the
            autocast type) and memory layout.

        Raises:
            ValueError: `x` has another number of dimensions or channels or is too small for the
                window, or the backend cannot run for it.
        """
        images = _as_batch(x, self.channels, self.window)
        y = self.aggregate(self.generator.values(images), self.generator(images))
        return _as_given(y, x)

    def aggregate(self, values: Tensor, kernels: Tensor) -> Tensor:
        """Applies kernels in the layer's window, by its backend.

        Args:
            values: What they are applied to, shape (N, C, H, W).
            kernels: As the generator makes them, shape (N, G, Kh, Kw, Ho, Wo).

        Returns:
            The output, shape (N, C, Ho, Wo), see `involution2d`.
        """
        kernel_size, stride, padding, dilation = self.window
        return involution2d(
            values,
            kernels,
            kernel_size=kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            backend=self.backend,
        )

    def extra_repr(self) -> str:
        """Returns the settings that `print(layer)` shows."""
        shown = (
            f"{self.channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"group_channels={self.group_channels}"
        )
        if any(self.window.margins):
            shown += f", padding={_one(self.window.padding)}"
        if self.window.dilation != (1, 1):
            shown += f", dilation={_one(self.window.dilation)}"
        return shown


class Involution1d(Involution):
    """Involution over sequences: `Involution` on maps of height 1.

    It maps (N, C, L) to (N, C, Lo), by default (N, C, ⌈L/s⌉). Sizes and arguments are those of
    `Involution`, of which kernel size, stride, dilation and padding are one integer each. A kernel
    generator is called with (1, K) and (1, s), on maps (N, C, 1, L).

    Args:
        channels: C, the channels in and out.
        kernel_size: K in samples. Even only with `padding`. Default 7.
        stride: s in samples. Default 1.
        group_channels: As of `Involution`. Default 16.
        reduction_ratio: As of `Involution`. Default 4.
        dilation: d, samples between the window's taps. Default 1.
        padding: p, zeros before and behind the sequence. Default None, d(K - 1)/2.
        **options: `generator`, `backend`, `device` and `dtype` of `Involution`.

    Raises:
        ValueError: As `Involution`, and where one of those four is not one integer.

    Examples:
        >>> import torch
        >>> Involution1d(32, kernel_size=5, stride=2)(torch.randn(4, 32, 100)).shape
        torch.Size([4, 32, 50])

    References:
        Li et al., CVPR 2021, equation 4, in one dimension.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int = 7,
        stride: int = 1,
        group_channels: int | Literal["C"] = 16,
        reduction_ratio: int = 4,
        *,
        dilation: int = 1,
        padding: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            channels,
            _flat("kernel_size", kernel_size, 1),
            _flat("stride", stride, 1),
            group_channels,
            reduction_ratio,
            dilation=_flat("dilation", dilation, 1),
            padding=None if padding is None else _flat("padding", padding, 0),
            **options,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Applies the layer.

        Args:
            x: The input, shape (N, C, L) or (C, L), floating point.

        Returns:
            The output, shape (N, C, Lo) or (C, Lo), in x's dtype (under autocast in the autocast
            type).

        Raises:
            ValueError: As `Involution`.
        """
        return super().forward(x.unsqueeze(-2)).squeeze(-2)


def _refuse(layer: str, arguments: dict[str, Any]) -> None:
    for name in arguments:
        if name in INSTEAD:
            raise TypeError(f"{layer} has no {name}: {INSTEAD[name]}")
        raise TypeError(f"{layer} got an unexpected argument {name!r}")


def _one(values: Pair) -> int | Pair:
    """One integer where height and width are the same, so that square windows stay plain."""
    return values[0] if values[0] == values[1] else values


def _flat(name: str, value: int, across: int) -> Pair:
    """(`across`, value): a window of height 1."""
    if not isinstance(value, int):
        raise ValueError(f"{name} must be one integer, got {value!r}")
    return across, value


@recorded
def _as_batch(x: Tensor, channels: int, window: Window) -> Tensor:
    """(N, C, H, W), checked."""
    shape = static_shape(x)
    if len(shape) not in (3, 4) or shape[-3] != channels:
        raise ValueError(
            f"x must have shape (N, {channels}, H, W) or ({channels}, H, W), got {tuple(x.shape)}"
        )
    check_size(shape[-2:], window)
    return x if len(shape) == 4 else x.unsqueeze(0)


@recorded
def _as_given(y: Tensor, x: Tensor) -> Tensor:
    """Without the dimension that `_as_batch` added to x."""
    return y if x.ndim == 4 else y.squeeze(0)


def _rename_original_keys(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    for key in list(state):
        if key.startswith((f"{prefix}reduce.", f"{prefix}span.")):
            state[f"{prefix}generator.{key[len(prefix) :]}"] = state.pop(key)
