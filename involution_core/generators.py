"""Kernel generators: the function phi that makes a pixel's involution kernel from the input.

A network takes a generator factory, any callable
`(channels, kernel_size, groups, stride) -> KernelGenerator`; `generator_factory` reads
the paper's notation ("W", "r=4", and "attention").
"""

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from involution_core.attention import Normalization, attention_kernel, check_normalization
from involution_core.backends.table import choose_backend
from involution_core.forms import ATTENTION, reduction_ratio_of


class KernelGenerator(nn.Module):
    """Base of all generators: (N, C, H, W) -> weight (N, G, K, K, ceil(H/s), ceil(W/s)).

    With stride s > 1 the input is first averaged over s x s cells. A cell that hangs over the
    edge averages the pixels it has, so odd sizes give one weight for each output pixel.
    """

    def __init__(self, channels: int, kernel_size: int, groups: int, stride: int) -> None:
        super().__init__()
        self.channels = channels
        self.kernel_size = kernel_size
        self.groups = groups
        self.stride = stride
        self.pool = nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()

    def values(self, x: Tensor) -> Tensor:
        """What the kernel is applied to, (N, C, H, W): the input itself, but for attention."""
        return x


class Span(nn.Conv2d):
    """The 1x1 convolution that makes the weights: (N, hidden, H, W) -> (N, G, K, K, H, W).

    Its parameters have the rows of the original module, groups outside the taps. Where the
    operator's preferred backend wants the groups innermost, the rows are reordered for the call,
    so that no weight is moved afterwards.
    """

    def __init__(self, in_channels: int, generator: KernelGenerator) -> None:
        taps = generator.kernel_size**2
        super().__init__(in_channels, generator.groups * taps, 1)
        self.involved = generator.channels
        self.shape = (generator.groups, generator.kernel_size, generator.kernel_size)

    def forward(self, x: Tensor) -> Tensor:
        backend = choose_backend(None, x.device, x.dtype)
        if not backend.groups_innermost(x.dtype, self.involved, self.shape[0]):
            return super().forward(x).unflatten(1, self.shape)
        assert self.bias is not None
        groups, *kernel = self.shape
        weight, bias = (
            rows.unflatten(0, (groups, -1)).transpose(0, 1).flatten(0, 1)
            for rows in (self.weight, self.bias)
        )
        return F.conv2d(x, weight, bias).unflatten(1, (*kernel, groups)).permute(0, 3, 1, 2, 4, 5)


GeneratorFactory = Callable[[int, int, int, int], KernelGenerator]


class LinearGenerator(KernelGenerator):
    """phi(x) = W x: one linear map, a 1x1 convolution of K^2 G C parameters and a bias."""

    def __init__(self, channels: int, kernel_size: int, groups: int, stride: int = 1) -> None:
        super().__init__(channels, kernel_size, groups, stride)
        self.span = Span(channels, self)

    def forward(self, x: Tensor) -> Tensor:
        return self.span(self.pool(x))


class BottleneckGenerator(KernelGenerator):
    """phi(x) = W1 sigma(W0 x), sigma = ReLU(BN(.)), of (C^2 + K^2 G C)/r weights.

    reduction_ratio: r, a divisor of `channels`.
    reduce_bias:     whether W0 has a bias, as the slides' module does; the BN behind it
                     makes it redundant, and RedNet leaves it out. W1 always has one.

    Raises ValueError where r does not divide the channels.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int,
        groups: int,
        stride: int = 1,
        reduction_ratio: int = 4,
        reduce_bias: bool = True,
    ) -> None:
        super().__init__(channels, kernel_size, groups, stride)
        if (
            not isinstance(reduction_ratio, int)
            or reduction_ratio < 1
            or channels % reduction_ratio
        ):
            raise ValueError(
                f"reduction_ratio must divide channels={channels}, got {reduction_ratio}"
            )
        hidden = channels // reduction_ratio
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=reduce_bias),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
        )
        self.span = Span(hidden, self)

    def forward(self, x: Tensor) -> Tensor:
        return self.span(self.reduce(self.pool(x)))


class AttentionGenerator(KernelGenerator):
    """phi(X) = (X WQ)(X WK)^T over the window, applied to X WV: self-attention, a head a group.

    WQ, WK and WV are 1x1 convolutions without bias, C^2 weights each. With stride s > 1 the
    queries are those of the s x s averages from which the other generators make their kernels;
    keys and values keep the input's grid. Nothing tells the positions of a window apart (the talk
    has no position encoding).

    normalize: "softmax" or "none", see `attention_kernel`.
    backend:   of the query-key product, see `involution2d`; that of `Involution` is of the
               aggregation.

    Raises ValueError for an unknown `normalize`.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int,
        groups: int,
        stride: int = 1,
        normalize: Normalization = "softmax",
        backend: str | None = None,
    ) -> None:
        super().__init__(channels, kernel_size, groups, stride)
        check_normalization(normalize)
        self.normalize = normalize
        self.backend = backend
        self.query, self.key, self.value = (
            nn.Conv2d(channels, channels, 1, bias=False) for _ in range(3)
        )

    def values(self, x: Tensor) -> Tensor:
        return self.value(x)

    def forward(self, x: Tensor) -> Tensor:
        return attention_kernel(
            self.query(self.pool(x)),
            self.key(x),
            kernel_size=self.kernel_size,
            groups=self.groups,
            stride=self.stride,
            normalize=self.normalize,
            backend=self.backend,
        )

    def extra_repr(self) -> str:
        return f"normalize={self.normalize!r}"


def generator_factory(
    form: str, reduce_bias: bool = True, backend: str | None = None
) -> GeneratorFactory:
    """The factory for a form in the paper's notation: "W", or "r=N" for W1 sigma(W0) with that r;
    and for "attention", with softmax and the query-key product on `backend`.

    Raises ValueError for anything else.
    """
    ratio = reduction_ratio_of(form)
    if form == ATTENTION:
        return partial(AttentionGenerator, backend=backend)
    if ratio is None:
        return LinearGenerator
    return partial(BottleneckGenerator, reduction_ratio=ratio, reduce_bias=reduce_bias)
