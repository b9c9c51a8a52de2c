"""What makes the kernel generator of a layer: a form in the paper's notation, or a callable."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from involution_core.generators.forms import ATTENTION, reduction_ratio_of
from involution_core.generators.paper_generators import (
    AttentionGenerator,
    BottleneckGenerator,
    KernelGenerator,
    LinearGenerator,
)
from involution_core.operator.shapes import Window

GeneratorFactory = Callable[[int, Any, int, Any], KernelGenerator]
"""(channels, kernel_size, groups, stride) -> the generator of one layer. Kernel size and stride are
one integer where height and width are the same, as they mostly are, otherwise (height, width)."""


def generator_factory(
    form: str, reduce_bias: bool = True, backend: str | None = None
) -> GeneratorFactory:
    """Return the generator factory for a form in the paper's notation.

    Args:
        form: "W" for one linear map, "r=N" for W₁σ(W₀) with reduction ratio N, or "attention".
        reduce_bias: Whether W₀ has a bias, see `BottleneckGenerator`. Default True.
        backend: Implementation of attention's query-key product, see `involution2d`. Default
            None, the first that can run.

    Returns:
        A callable (channels, kernel_size, groups, stride) -> `KernelGenerator`.

    Raises:
        ValueError: `form` is none of these.

    Examples:
        >>> generator = generator_factory("r=4")(64, 7, 4, 1)
        >>> type(generator).__name__, generator.reduce[0].out_channels
        ('BottleneckGenerator', 16)

    References:
        Li et al., CVPR 2021; table (c) of the slide "Ablation Analysis".
    """
    ratio = reduction_ratio_of(form)
    if form == ATTENTION:
        return partial(AttentionGenerator, backend=backend)
    if ratio is None:
        return LinearGenerator
    return partial(BottleneckGenerator, reduction_ratio=ratio, reduce_bias=reduce_bias)


def make_generator(
    generator: str | GeneratorFactory,
    channels: int,
    kernel_size: Any,
    groups: int,
    stride: Any,
    backend: str | None = None,
) -> KernelGenerator:
    """Make the generator of a layer.

    Args:
        generator: A form, see `generator_factory`, or a factory, called with the next four.
        channels: C.
        kernel_size: K in pixels, one integer or (height, width).
        groups: Kernels for each pixel.
        stride: s in pixels, one integer or (height, width).
        backend: Backend for a form; see `generator_factory`. Default None.

    Returns:
        The generator.

    Raises:
        TypeError: `generator` is no factory, or makes something else.
        ValueError: An unknown form.
    """
    factory = (
        generator_factory(generator, backend=backend) if isinstance(generator, str) else generator
    )
    if isinstance(factory, nn.Module) or not callable(factory):
        raise TypeError(
            "generator must be 'W', 'r=N', 'attention' or a class or function that is called with "
            f"(channels, kernel_size, groups, stride), got {_an_object(factory)}"
        )
    if isinstance(factory, type) and not issubclass(factory, KernelGenerator):
        raise _no_generator(factory)
    made = factory(channels, kernel_size, groups, stride)
    if not isinstance(made, KernelGenerator):
        raise _no_generator(type(made))
    if not isinstance(getattr(made, "window", None), Window):
        raise TypeError(
            f"{type(made).__name__}.__init__ must call "
            "super().__init__(channels, kernel_size, groups, stride)"
        )
    return made


def _an_object(value: object) -> str:
    kind = type(value).__name__
    made = isinstance(value, KernelGenerator)
    return f"a made {kind}; write generator={kind}" if made else f"an object of type {kind}"


def _no_generator(kind: type) -> TypeError:
    return TypeError(f"generator must make a KernelGenerator, and this one makes a {kind.__name__}")
