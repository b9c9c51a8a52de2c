"""Window geometry and argument checks of the operator."""

from collections.abc import Sequence
from typing import NamedTuple

from involution_core.operator.integers import integers, pair

Pair = tuple[int, int]


class Window(NamedTuple):
    """A Kh x Kw window that slides over the input; every field is (height, width) in pixels."""

    kernel_size: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    @property
    def taps(self) -> int:
        """Positions in the window, Kh·Kw."""
        return self.kernel_size[0] * self.kernel_size[1]

    @property
    def margins(self) -> tuple[int, int, int, int]:
        """Pixels by which windows' centres go beyond the image: left, right, top, bottom.

        Negative where they stay inside it; all 0 where the window is centred on its pixel. An even
        window has no pixel in its middle; its centre is then the last pixel of its first half.
        """
        (above, below), (left, right) = (
            (padding - half, padding - (reach - half))
            for padding, reach, half in (
                (pad, step * (kernel - 1), step * ((kernel - 1) // 2))
                for kernel, pad, step in zip(
                    self.kernel_size, self.padding, self.dilation, strict=True
                )
            )
        )
        return left, right, above, below

    def _outputs(self, size: int, axis: int) -> int:
        reach = self.dilation[axis] * (self.kernel_size[axis] - 1)
        # Rounded up as torch's unfold does it: an exported graph compares the formulas.
        stride = self.stride[axis]
        return (size + 2 * self.padding[axis] - reach + stride - 1) // stride

    def output_size(self, size: Sequence[int]) -> Pair:
        """Return the output's (height, width) for an input of `size`, as in torch.nn.Conv2d."""
        return self._outputs(size[0], 0), self._outputs(size[1], 1)


def padding_of(
    padding: int | Sequence[int] | None,
    kernel: Sequence[int],
    dilation: Sequence[int],
    written: int | Sequence[int],
) -> tuple[int, ...]:
    """Return the pixels of zeros on each side, one number for each dimension.

    Args:
        padding: One integer or one for each dimension; None centres the window on its pixel.
        kernel: K of each dimension.
        dilation: d of each dimension.
        written: The kernel size as the caller wrote it, for an error.

    Returns:
        p of each dimension; for None d(K - 1)/2.

    Raises:
        ValueError: An even kernel size without padding, or padding that is no such integers.
    """
    if isinstance(padding, str):
        raise ValueError(
            f"padding must be integers or None, got {padding!r}; left out, None keeps the size of "
            "the map as 'same' does, 0 is 'valid'"
        )
    if padding is not None:
        return integers("padding", padding, len(kernel), 0)
    if any(size % 2 == 0 for size in kernel):
        raise ValueError(f"kernel_size must be odd unless padding is given, got {written}")
    return tuple(step * (size - 1) // 2 for size, step in zip(kernel, dilation, strict=True))


def make_window(
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
) -> Window:
    """Return a checked window.

    Args:
        kernel_size: K in pixels, one integer or (height, width).
        stride: s in pixels, one integer or (height, width). Default 1.
        padding: p in pixels, one integer or (height, width). Default None,
            dilation * (kernel_size - 1) / 2, which centres the window on its pixel and needs odd
            kernel sizes.
        dilation: d in pixels, one integer or (height, width). Default 1.

    Returns:
        The window.

    Raises:
        ValueError: A kernel size, stride or dilation below 1, a negative padding, or an even
            kernel size without padding.

    Examples:
        >>> make_window(7, stride=2).output_size((57, 56))
        (29, 28)
    """
    kernel = pair("kernel_size", kernel_size, 1)
    step = pair("dilation", dilation, 1)
    above, beside = padding_of(padding, kernel, step, kernel_size)
    return Window(kernel, pair("stride", stride, 1), (above, beside), step)


def check_size(
    size: Sequence[int], window: Window, axis: int | None = None, side: str = ""
) -> Pair:
    """Return the output's (height, width).

    Args:
        size: (H, W) of the input.
        window: The window that moves over it.
        axis: The only one of the two that the caller's input has. Default both.
        side: What that one is called, for an error.

    Returns:
        (Ho, Wo).

    Raises:
        ValueError: The window does not fit into the padded input.
    """
    output = window.output_size(size)
    if min(output) < 1:
        kernel, _, padding, dilation = window if axis is None else [each[axis] for each in window]
        given = f"{size[0]}x{size[1]}" if axis is None else f"{side} {size[axis]}"
        raise ValueError(
            f"x of {given} is too small for kernel_size {kernel}, padding {padding}, "
            f"dilation {dilation}"
        )
    return output


def check_operands(
    x_shape: Sequence[int], weight_shape: Sequence[int], window: Window
) -> tuple[int, Pair]:
    """Check the shapes of involution2d's operands.

    Args:
        x_shape: (N, C, H, W).
        weight_shape: (N, G·Kh·Kw, Ho, Wo) or (N, G, Kh, Kw, Ho, Wo).
        window: The window that moves over x.

    Returns:
        G and (Ho, Wo).

    Raises:
        ValueError: They do not fit together.
    """
    if len(x_shape) != 4:
        raise ValueError(f"x must have 4 dimensions (N, C, H, W), got shape {tuple(x_shape)}")
    output, given = check_size(x_shape[2:], window), tuple(weight_shape)
    if len(weight_shape) == 6 and tuple(weight_shape[2:4]) == window.kernel_size:
        flat = weight_shape[1] * window.taps
        weight_shape = (weight_shape[0], flat, *weight_shape[4:])
    fits = len(weight_shape) == 4 and weight_shape[0] == x_shape[0]
    if fits and tuple(weight_shape[2:]) == output:
        groups, rest = divmod(weight_shape[1], window.taps)
        if rest == 0 and groups > 0 and x_shape[1] % groups == 0:
            return groups, output
    raise ValueError(
        f"weight must have shape (N={x_shape[0]}, G*{window.taps}, {output[0]}, {output[1]}) "
        f"with G a divisor of C={x_shape[1]}, got {given}; in a layer the weight is what its "
        "generator returns, with G and the window's two sides apart or not"
    )
