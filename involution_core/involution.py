"""The involution layer."""

from typing import Any, Literal

from torch import Tensor, nn

from involution_core.functional import involution2d
from involution_core.generators import BottleneckGenerator, GeneratorFactory
from involution_core.shapes import make_window


class Involution(nn.Module):
    """Involution with a generated kernel: (N, C, H, W) -> (N, C, ceil(H/s), ceil(W/s)).

    channels:        C, in and out.
    kernel_size:     K, odd.
    stride:          s; the kernel is generated after s x s average pooling.
    group_channels:  channels that share one kernel, a divisor of C; "C" shares it over all.
    reduction_ratio: r of the default generator, W1 sigma(W0); not used with `generator`.
    generator:       factory of another kernel generator (see `generators.py`).
    backend:         see `involution2d`.

    Loads state dicts with the parameter names of the original module (`reduce.0.weight`,
    `span.weight`, ...) as well as its own (`generator.reduce.0.weight`, ...).

    Raises ValueError for an even or non-positive kernel_size, a stride below 1, and
    group_channels or reduction_ratio that do not divide C.
    Source: "Involution: Inverting the Inherence of Convolution for Visual Recognition", Alg. 1.
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
        return involution2d(
            self.generator.values(x),
            self.generator(x),
            kernel_size=self.kernel_size,
            stride=self.stride,
            backend=self.backend,
        )

    def extra_repr(self) -> str:
        return (
            f"{self.channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"group_channels={self.group_channels}"
        )


def _rename_original_keys(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    for key in list(state):
        if key.startswith((f"{prefix}reduce.", f"{prefix}span.")):
            state[f"{prefix}generator.{key[len(prefix) :]}"] = state.pop(key)
