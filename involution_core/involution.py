"""The involution layer."""

from typing import Any, Literal

from torch import Tensor, nn

from involution_core.functional import involution2d
from involution_core.generators import BottleneckGenerator, GeneratorFactory
from involution_core.shapes import make_window


class Involution(nn.Module):
    """Involution layer: generates a kernel for each output pixel and applies it.

    It maps (N, C, H, W) to (N, C, ⌈H/s⌉, ⌈W/s⌉) and takes the place of a K x K convolution with
    as many channels out as in. It loads state dicts with the parameter names of the authors'
    module (`reduce.0.weight`, `span.weight`, ...) as well as its own
    (`generator.reduce.0.weight`, ...).

    Args:
        channels: C, the channels in and out.
        kernel_size: K in pixels, odd. Default 7.
        stride: s in pixels. With s > 1 the kernel is generated from s x s averages. Default 1.
        group_channels: Channels that share a kernel, a divisor of C; "C" shares it over all
            channels. Default 16.
        reduction_ratio: r of the default generator W₁σ(W₀x), a divisor of C. Not used with
            `generator`. Default 4.
        generator: Factory of another kernel generator, called with
            (channels, kernel_size, groups, stride). Default None, a `BottleneckGenerator`.
        backend: Implementation of the operator, see `involution2d`. Default None, the first that
            can run.

    Attributes:
        groups: G, the number of kernels for each pixel, C / group_channels.
        generator: The kernel generator, a `KernelGenerator`.

    Raises:
        ValueError: An even or non-positive `kernel_size`, a `stride` below 1, or `group_channels`
            or `reduction_ratio` that do not divide C.

    Examples:
        >>> import torch
        >>> layer = Involution(64, kernel_size=7, stride=2, group_channels=16, reduction_ratio=4)
        >>> layer(torch.randn(1, 64, 57, 56)).shape
        torch.Size([1, 64, 29, 28])

        The weights, biases and BatchNorm left out, are (C² + K²GC)/r:

        >>> sum(p.numel() for p in layer.parameters() if p.ndim == 4)
        4160
        >>> (64**2 + 7**2 * 4 * 64) // 4
        4160

    References:
        Li et al., CVPR 2021, equation 4 and Algorithm 1; the slides "A Simple Yet Effective
        Formulation" and the two with the module's code.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int = 7,
        stride: int = 1,
        group_channels: int | Literal["C"] = 16,
        reduction_ratio: int = 4,
        *,
        generator: GeneratorFactory | None = None,
        backend: str | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("kernel_size", kernel_size), ("stride", stride)):
            if not isinstance(value, int):
                raise ValueError(f"{name} must be one integer, got {value!r}")
        make_window(kernel_size, stride)
        shared = channels if group_channels == "C" else group_channels
        if not isinstance(shared, int) or shared < 1 or channels % shared:
            raise ValueError(
                f"group_channels must be 'C' or divide channels={channels}, got {group_channels!r}"
            )
        self.channels = channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.group_channels = shared
        self.groups = channels // shared
        self.backend = backend
        self.generator = (
            BottleneckGenerator(channels, kernel_size, self.groups, stride, reduction_ratio)
            if generator is None
            else generator(channels, kernel_size, self.groups, stride)
        )
        self.register_load_state_dict_pre_hook(_rename_original_keys)

    def forward(self, x: Tensor) -> Tensor:
        """Applies the layer.

        Args:
            x: The input, shape (N, C, H, W), floating point.

        Returns:
            The output, shape (N, C, ⌈H/s⌉, ⌈W/s⌉), in x's dtype (under autocast in the autocast
            type) and memory layout.

        Raises:
            ValueError: `x` has another number of dimensions, or the backend cannot run for it.
        """
        return involution2d(
            self.generator.values(x),
            self.generator(x),
            kernel_size=self.kernel_size,
            stride=self.stride,
            backend=self.backend,
        )

    def extra_repr(self) -> str:
        """Returns the settings that `print(layer)` shows."""
        return (
            f"{self.channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"group_channels={self.group_channels}"
        )


def _rename_original_keys(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    for key in list(state):
        if key.startswith((f"{prefix}reduce.", f"{prefix}span.")):
            state[f"{prefix}generator.{key[len(prefix) :]}"] = state.pop(key)
