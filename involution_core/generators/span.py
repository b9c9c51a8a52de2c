"""The last layer of a kernel generator: the 1x1 convolution that spans the kernels."""

import torch.nn.functional as F
from torch import Tensor, nn

from involution_core.backends.table import choose_backend
from involution_core.generators.kernel_generator import KernelGenerator
from involution_core.operator.layout import inside_out
from involution_core.operator.recording import recorded


class Span(nn.Conv2d):
    """The 1x1 convolution that makes the kernels: (N, hidden, H, W) to (N, G, Kh, Kw, H, W).

    Its parameters have the rows of the authors' module, groups outside the taps. Where the
    preferred backend wants the groups innermost, the rows are reordered for the call, so that no
    kernel is moved afterwards.

    Args:
        in_channels: Channels of what the kernels are made from.
        generator: The generator that it belongs to, which has C, K and G.

    Examples:
        >>> import torch
        >>> from involution_core import KernelGenerator
        >>> Span(8, KernelGenerator(32, 3, groups=2, stride=1))(torch.randn(1, 8, 5, 6)).shape
        torch.Size([1, 2, 3, 3, 5, 6])

    References:
        The slide with `self.span`.
    """

    def __init__(self, in_channels: int, generator: KernelGenerator) -> None:
        super().__init__(in_channels, generator.groups * generator.window.taps, 1)
        self.involved = generator.channels
        self.shape = (generator.groups, *generator.window.kernel_size)

    def forward(self, x: Tensor) -> Tensor:
        """Make the kernels.

        Args:
            x: What the kernels are made from, shape (N, in_channels, H, W).

        Returns:
            The kernels, shape (N, G, Kh, Kw, H, W).
        """
        assert self.bias is not None
        return spanned(x, self.weight, self.bias, self.involved, self.shape)


@recorded
def spanned(
    x: Tensor, weight: Tensor, bias: Tensor, channels: int, shape: tuple[int, int, int]
) -> Tensor:
    """Make kernels as a `Span` with these parameters does.

    Args:
        x: What they are made from, shape (N, hidden, H, W).
        weight: Shape (G·Kh·Kw, hidden, 1, 1).
        bias: Shape (G·Kh·Kw,).
        channels: C, of the map that they are for.
        shape: (G, Kh, Kw).

    Returns:
        The kernels, shape (N, G, Kh, Kw, H, W).
    """
    groups, *kernel = shape
    backend = choose_backend(None, x.device, x.dtype)
    if not backend.groups_innermost(x.dtype, channels, groups):
        return F.conv2d(x, weight, bias).unflatten(1, shape)
    weight, bias = (inside_out(rows, groups) for rows in (weight, bias))
    return F.conv2d(x, weight, bias).unflatten(1, (*kernel, groups)).permute(0, 3, 1, 2, 4, 5)
