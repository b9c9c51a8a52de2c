"""A custom kernel generator for the study in own-generator.toml."""

from torch import Tensor, nn

from involution_core import KernelGenerator


class SameEverywhere(KernelGenerator):
    """One kernel for the whole image, made from its mean: no longer specific to the pixel."""

    def __init__(self, channels: int, kernel_size: int, groups: int, stride: int = 1) -> None:
        super().__init__(channels, kernel_size, groups, stride)
        self.span = nn.Conv2d(channels, groups * self.window.taps, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, G, Kh, Kw, ceil(H / stride), ceil(W / stride))."""
        pixels = self.pool(x)
        kernel = self.span(pixels.mean((2, 3), keepdim=True))
        kernel = kernel.unflatten(1, (self.groups, *self.window.kernel_size))
        return kernel.expand(-1, -1, -1, -1, *pixels.shape[2:])
