"""What every kernel generator is: the function φ that makes a pixel's kernel from the input."""

from torch import Tensor, nn

from involution_core.generators.pooling import pooling
from involution_core.operator.integers import at_least, pair
from involution_core.operator.shapes import Pair, Window, make_window


class KernelGenerator(nn.Module):
    """Base class of all kernel generators.

    A subclass implements `forward`: (N, C, H, W) to the kernels, (N, G, Kh, Kw, Ho, Wo). It
    calls `self.pool(x)` to get one pixel for each output pixel, (N, C, Ho, Wo). Where the layer's
    window is centred this is (N, C, ⌈H/s⌉, ⌈W/s⌉): the pixels themselves, or with stride s > 1 the
    averages of s x s cells. A cell that hangs over the edge averages the pixels that it has.

    With another padding, pixel and window still belong together: the map is first cropped or
    padded with zeros to the pixels on which windows are centred (`Window.margins`).

    Args:
        channels: C, the channels of the input.
        kernel_size: K in pixels, one integer or (height, width).
        groups: G, the number of kernels for each pixel, a divisor of C.
        stride: s in pixels, one integer or (height, width).

    Attributes:
        window: The window of the layer. Its `kernel_size` is (Kh, Kw) always, its `taps` Kh·Kw;
            `Involution` sets its padding and dilation by `follow`.
        pool: Gives the pixels that the kernels are made from. No parameters.

    Raises:
        ValueError: A size that is no integer of at least 1.

    Examples:
        A generator that gives every pixel one learned kernel, so that the layer is a convolution
        that shares its kernel within a group:

        >>> import torch
        >>> from involution_core import Involution
        >>> class Constant(KernelGenerator):
        ...     def __init__(self, channels, kernel_size, groups, stride=1):
        ...         super().__init__(channels, kernel_size, groups, stride)
        ...         kernel = torch.randn(groups, *self.window.kernel_size, 1, 1)
        ...         self.kernel = nn.Parameter(kernel)
        ...     def forward(self, x):
        ...         n, _, height, width = self.pool(x).shape
        ...         return self.kernel.expand(n, -1, -1, -1, height, width)
        >>> Involution(32, kernel_size=3, generator=Constant)(torch.randn(2, 32, 8, 8)).shape
        torch.Size([2, 32, 8, 8])

    References:
        The slide "Involution for Visual Recognition": H_{i,j} = φ(X_{Ψ_{i,j}}).
    """

    def __init__(
        self, channels: int, kernel_size: int | Pair, groups: int, stride: int | Pair
    ) -> None:
        super().__init__()
        self.channels = at_least(1, "channels", channels)
        self.kernel_size = kernel_size
        self.groups = at_least(1, "groups", groups)
        self.stride = stride
        middle = [(kernel - 1) // 2 for kernel in pair("kernel_size", kernel_size, 1)]
        self.window = make_window(kernel_size, stride, middle)
        self.pool = pooling(self.window)

    def follow(self, window: Window) -> None:
        """Take over the padding and dilation of a layer's window, with all generators inside.

        Args:
            window: The layer's window, with the generator's kernel size and stride.
        """
        for part in self.modules():
            if isinstance(part, KernelGenerator):
                if window.margins != part.window.margins:
                    part.pool = pooling(window)
                part.window = window

    def values(self, x: Tensor) -> Tensor:
        """Return what the kernel is applied to: here the input itself.

        Args:
            x: The input of the layer, shape (N, C, H, W).

        Returns:
            The values, shape (N, C, H, W).
        """
        return x
