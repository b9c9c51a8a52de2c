"""The kernel generators of the paper's forms, and what those that end in a span share."""

from torch import Tensor, nn

from involution_core.backends.table import check_backend
from involution_core.generators.attention import (
    Normalization,
    attention_kernel,
    check_normalization,
)
from involution_core.generators.kernel_generator import KernelGenerator
from involution_core.generators.span import Span
from involution_core.operator.integers import divisor
from involution_core.operator.shapes import Pair


class SpanGenerator(KernelGenerator):
    """Base class of the generators that end in a span: φ(x) = W h(x) with a hidden map h.

    A subclass implements `hidden` and makes a `Span` of its channels. `Involution` then runs span
    and aggregation in one, band by band, wherever nothing looks at the kernels in between (a hook,
    a tracer, a counter, autocast) and the backend can.

    Args:
        channels: C, the channels of the input.
        kernel_size: K in pixels, one integer or (height, width).
        groups: G, the number of kernels for each pixel, a divisor of C.
        stride: s in pixels, one integer or (height, width).

    Attributes:
        span: The 1x1 convolution that makes the kernels of the hidden map.

    Examples:
        One without a reduction but with a nonlinearity:

        >>> import torch
        >>> from involution_core import Involution, Span
        >>> class Rectified(SpanGenerator):
        ...     def __init__(self, channels, kernel_size, groups, stride=1):
        ...         super().__init__(channels, kernel_size, groups, stride)
        ...         self.span = Span(channels, self)
        ...     def hidden(self, x):
        ...         return self.pool(x).relu()
        >>> Involution(32, kernel_size=3, generator=Rectified)(torch.randn(2, 32, 8, 8)).shape
        torch.Size([2, 32, 8, 8])

    References:
        The slide with `self.span`; W₁ of equation 6 in Li et al., CVPR 2021.
    """

    span: Span

    def hidden(self, x: Tensor) -> Tensor:
        """Return what the kernels are made from.

        Args:
            x: The input of the layer, shape (N, C, H, W).

        Returns:
            The hidden map, shape (N, hidden, Ho, Wo).
        """
        raise NotImplementedError(f"{type(self).__name__} has no `hidden`, see SpanGenerator")

    def forward(self, x: Tensor) -> Tensor:
        """Generates the kernels.

        Args:
            x: The input of the layer, shape (N, C, H, W).

        Returns:
            The kernels, shape (N, G, Kh, Kw, Ho, Wo).
        """
        return self.span(self.hidden(x))


class LinearGenerator(SpanGenerator):
    """Kernel generator φ(x) = Wx: one linear map, a 1x1 convolution with bias.

    W has KhKwGC weights.

    Args:
        channels: C, the channels of the input.
        kernel_size: K in pixels, one integer or (height, width).
        groups: G, the number of kernels for each pixel, a divisor of C.
        stride: s in pixels, one integer or (height, width). Default 1.

    Examples:
        >>> import torch
        >>> generator = LinearGenerator(64, kernel_size=3, groups=4)
        >>> generator(torch.randn(2, 64, 8, 8)).shape
        torch.Size([2, 4, 3, 3, 8, 8])
        >>> generator.span.weight.numel() == 3**2 * 4 * 64
        True

    References:
        Li et al., CVPR 2021; row "W" of the slide "Ablation Analysis", table (c).
    """

    def __init__(self, channels: int, kernel_size: int, groups: int, stride: int = 1) -> None:
        super().__init__(channels, kernel_size, groups, stride)
        self.span = Span(channels, self)

    def hidden(self, x: Tensor) -> Tensor:
        """Return what the kernels are made from.

        Args:
            x: The input of the layer, shape (N, C, H, W).

        Returns:
            The pixels themselves, shape (N, C, Ho, Wo).
        """
        return self.pool(x)


class BottleneckGenerator(SpanGenerator):
    """Kernel generator φ(x) = W₁σ(W₀x) with σ = ReLU(BN(·)): the paper's bottleneck.

    W₀ and W₁ have (C² + KhKwGC)/r weights together.

    Args:
        channels: C, the channels of the input.
        kernel_size: K in pixels, one integer or (height, width).
        groups: G, the number of kernels for each pixel, a divisor of C.
        stride: s in pixels, one integer or (height, width). Default 1.
        reduction_ratio: r, a divisor of C. Default 4.
        reduce_bias: Whether W₀ has a bias, as in the module on the slides. The BatchNorm behind
            it makes the bias redundant, and RedNet leaves it out. W₁ always has one. Default True.

    Raises:
        ValueError: `reduction_ratio` does not divide `channels`.

    Examples:
        >>> import torch
        >>> generator = BottleneckGenerator(64, kernel_size=7, groups=4, reduction_ratio=16)
        >>> generator(torch.randn(2, 64, 8, 8)).shape
        torch.Size([2, 4, 7, 7, 8, 8])

    References:
        The slide "A Simple Yet Effective Formulation": H_{i,j} = W₁σ(W₀X_{i,j}).
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int | Pair,
        groups: int,
        stride: int | Pair = 1,
        reduction_ratio: int = 4,
        reduce_bias: bool = True,
    ) -> None:
        super().__init__(channels, kernel_size, groups, stride)
        hidden = channels // divisor("reduction_ratio", reduction_ratio, channels)
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=reduce_bias),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
        )
        self.span = Span(hidden, self)

    def hidden(self, x: Tensor) -> Tensor:
        """Return what the kernels are made from.

        Args:
            x: The input of the layer, shape (N, C, H, W).

        Returns:
            σ(W₀x), shape (N, C/r, Ho, Wo).
        """
        return self.reduce(self.pool(x))


class AttentionGenerator(KernelGenerator):
    """Kernel generator φ(X_Ω) = (XW^Q)(XW^K)ᵀ over the window: self-attention, a head for a group.

    The kernel is applied to XW^V. The three maps are 1x1 convolutions without bias, C² weights
    each. With stride s > 1 the queries come from the s x s averages from which the other
    generators make their kernels; keys and values keep the input's grid. There is no position
    encoding, as on the slides.

    Args:
        channels: C, the channels of the input.
        kernel_size: K in pixels, one integer or (height, width).
        groups: G, the number of heads, a divisor of C.
        stride: s in pixels, one integer or (height, width). Default 1.
        normalize: "softmax" or "none", see `attention_kernel`. Default "softmax".
        backend: Implementation of the query-key product, see `involution2d`. `Involution` has its
            own `backend`, for the aggregation. Default None, the first that can run.

    Raises:
        ValueError: An unknown `normalize` or `backend`.

    Examples:
        >>> import torch
        >>> from involution_core import Involution
        >>> layer = Involution(64, kernel_size=7, group_channels=16, generator=AttentionGenerator)
        >>> layer(torch.randn(1, 64, 8, 8)).shape
        torch.Size([1, 64, 8, 8])

    References:
        The slides "Relation to Self-Attention".
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int | Pair,
        groups: int,
        stride: int | Pair = 1,
        normalize: Normalization = "softmax",
        backend: str | None = None,
    ) -> None:
        super().__init__(channels, kernel_size, groups, stride)
        check_normalization(normalize)
        check_backend(backend)
        self.normalize = normalize
        self.backend = backend
        self.query, self.key, self.value = (
            nn.Conv2d(channels, channels, 1, bias=False) for _ in range(3)
        )

    def values(self, x: Tensor) -> Tensor:
        """Return the values of the attention, XW^V.

        Args:
            x: The input of the layer, shape (N, C, H, W).

        Returns:
            The values, shape (N, C, H, W).
        """
        return self.value(x)

    def forward(self, x: Tensor) -> Tensor:
        """Generates the kernels.

        Args:
            x: The input of the layer, shape (N, C, H, W).

        Returns:
            The kernels, shape (N, G, Kh, Kw, Ho, Wo).
        """
        return attention_kernel(
            self.query(self.pool(x)),
            self.key(x),
            kernel_size=self.kernel_size,
            groups=self.groups,
            stride=self.stride,
            padding=self.window.padding,
            dilation=self.window.dilation,
            normalize=self.normalize,
            backend=self.backend,
        )

    def extra_repr(self) -> str:
        """Return the settings that `print(generator)` shows."""
        return f"normalize={self.normalize!r}"
