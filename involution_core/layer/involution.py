"""The involution layer."""

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from involution_core.backends.table import check_backend
from involution_core.generators.factories import GeneratorFactory, make_generator
from involution_core.generators.paper_generators import BottleneckGenerator
from involution_core.layer import banded
from involution_core.layer.convolution_calls import convolution_calls
from involution_core.layer.foreign_arguments import refusing
from involution_core.operator.functional import involution2d
from involution_core.operator.integers import at_least, divisor, integers
from involution_core.operator.recording import recorded, static_shape
from involution_core.operator.shapes import Pair, Window, check_size, make_window, padding_of


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
        stride: s in pixels, one integer or (height, width). Default 1.
        group_channels: Channels that share a kernel, a divisor of C; "C" shares it over all
            channels. Default 16.
        reduction_ratio: r of the default generator W₁σ(W₀x), a divisor of C. Not used with
            `generator`. Default 4.
        dilation: d, pixels between the window's taps, one integer or (height, width). Default 1.
        padding: p, pixels of zeros around the image, one integer or (height, width). Default None,
            d(K - 1)/2, which centres the window on its pixel and keeps the size of the map but for
            the stride.
        generator: Another kernel generator: "W", "r=N", "attention" or a factory, called with
            (channels, kernel_size, groups, stride). Default None, a `BottleneckGenerator`.
        backend: Implementation of the operator, see `involution2d`. Default None, the first that
            can run.
        device: Where the parameters are made. Default None, torch's default.
        dtype: Floating point type of the parameters. Default None, torch's default.

    Attributes:
        groups: G, the number of kernels for each pixel, C / group_channels.
        generator: The kernel generator, a `KernelGenerator`.
        window: Kernel size, stride, padding and dilation, each (height, width).

    Raises:
        ValueError: `channels` below 1, an even or non-positive `kernel_size`, a `stride` or
            `dilation` below 1, a negative `padding`, `group_channels` or `reduction_ratio` that do
            not divide C, an unknown `backend`, or a `dtype` that is no floating point type.
        TypeError: An argument of `torch.nn.Conv2d` that an involution lacks, such as output
            channels before the kernel size, or a `generator` that returns no kernel generator; the
            message says what to write instead.

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

    _sides: ClassVar[tuple[str, ...]] = ("H", "W")

    @refusing(convolution_calls(2))
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
        backend: str | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.window = make_window(kernel_size, stride, padding, dilation)
        self.channels = at_least(1, "channels", channels)
        self.kernel_size = _one(self.window.kernel_size)
        self.stride = _one(self.window.stride)
        shared = self.channels if group_channels == "C" else group_channels
        self.group_channels = divisor("group_channels", shared, self.channels, "be 'C' or ")
        self.groups = self.channels // self.group_channels
        check_backend(backend)
        self.backend = backend
        _check_dtype(dtype)
        if generator is None:
            generator = partial(BottleneckGenerator, reduction_ratio=reduction_ratio)
        with nullcontext() if device is None else torch.device(device):
            self.generator = make_generator(
                generator, self.channels, self.kernel_size, self.groups, self.stride, backend
            )
        self.generator.follow(self.window)
        self.to(dtype=dtype)
        self.register_load_state_dict_pre_hook(_rename_original_keys)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer.

        Args:
            x: The input, shape (N, C, H, W) or (C, H, W), floating point.

        Returns:
            The output, shape (N, C, Ho, Wo) or (C, Ho, Wo), in x's dtype (under autocast in the
            autocast type) and memory layout.

        Raises:
            ValueError: `x` has another number of dimensions or channels or is too small for the
                window, or the backend cannot run for it.
        """
        images = _as_batch(x, self.channels, self.window, self._sides)
        return _as_given(self._involve(images), x, self._sides)

    def _involve(self, x: Tensor) -> Tensor:
        generator, window, backend = self.generator, self.window, self.backend
        as_it_is = banded.is_method(self.aggregate, _AGGREGATE)
        if as_it_is and banded.applies_to(generator, x, window, backend):
            return banded.involution_in_bands(generator, x, window, backend)
        return self.aggregate(generator.values(x), generator(x))

    def aggregate(self, values: Tensor, kernels: Tensor) -> Tensor:
        """Apply kernels in the layer's window, by its backend.

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
        """Return the settings that `print(layer)` shows."""
        shown = (
            f"{self.channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"group_channels={self.group_channels}"
        )
        if any(self.window.margins):
            shown += f", padding={_one(self.window.padding)}"
        if self.window.dilation != (1, 1):
            shown += f", dilation={_one(self.window.dilation)}"
        return shown


_AGGREGATE = Involution.aggregate


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

    _sides = ("L",)

    @refusing(convolution_calls(1))
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
        (size,) = integers("kernel_size", kernel_size, 1, 1)
        (step,) = integers("dilation", dilation, 1, 1)
        super().__init__(
            channels,
            (1, size),
            (1, *integers("stride", stride, 1, 1)),
            group_channels,
            reduction_ratio,
            dilation=(1, step),
            padding=(0, *padding_of(padding, [size], [step], kernel_size)),
            **options,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer.

        Args:
            x: The input, shape (N, C, L) or (C, L), floating point.

        Returns:
            The output, shape (N, C, Lo) or (C, Lo), in x's dtype (under autocast in the autocast
            type).

        Raises:
            ValueError: As `Involution`.
        """
        return super().forward(x)


def _one(values: Pair) -> int | Pair:
    """One integer where height and width are the same, so that square windows stay plain."""
    return values[0] if values[0] == values[1] else values


def _check_dtype(dtype: torch.dtype | None) -> None:
    if dtype is not None and not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
        raise ValueError(f"dtype must be a floating point type of torch, got {dtype!r}")


@recorded
def _as_batch(x: Tensor, channels: int, window: Window, sides: tuple[str, ...]) -> Tensor:
    """(N, C, H, W), checked, of x with C and `sides`, in a batch or not; a length is a width."""
    shape = static_shape(x)
    if len(shape) - len(sides) not in (1, 2) or shape[-1 - len(sides)] != channels:
        alone = ", ".join([str(channels), *sides])
        raise ValueError(f"x must have shape (N, {alone}) or ({alone}), got {tuple(x.shape)}")
    if len(sides) == 1:
        check_size((1, shape[-1]), window, 1, "length")
        x = x.unsqueeze(-2)
    else:
        check_size(shape[-2:], window)
    return x if x.ndim == 4 else x.unsqueeze(0)


@recorded
def _as_given(y: Tensor, x: Tensor, sides: tuple[str, ...]) -> Tensor:
    """Without the dimensions that `_as_batch` added to x."""
    if len(sides) == 1:
        y = y.squeeze(-2)
    return y if y.ndim == x.ndim else y.squeeze(0)


def _rename_original_keys(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """The authors' names become the generator's, where it has such and the state has not."""
    tensors = (
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    )
    names = {name for name, _ in tensors}
    for name in names:
        theirs = name.removeprefix("generator.")
        if theirs in names or not theirs.startswith(("reduce.", "span.")):
            continue
        if prefix + theirs in state and prefix + name not in state:
            state[prefix + name] = state.pop(prefix + theirs)
