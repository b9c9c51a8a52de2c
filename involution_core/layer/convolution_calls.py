"""Calls of an involution with the arguments of a convolution, which has output channels.

`Conv2d(64, 64, 7, padding=3)`, written as an involution, is one with a window of 64 and stride 7.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from involution_core.layer.foreign_arguments import Check, names
from involution_core.operator.integers import as_integers, integer

MOST = 5
"""Arguments by position of an involution; the second is its kernel size, a convolution's third."""

LARGE, LARGE_AS_CHANNELS = 32, 16
"""Even sizes that are taken for a number of channels, the latter only if it equals `channels`."""


def convolution_calls(dimensions: int) -> Check:
    """The check that refuses a convolution's arguments.

    Args:
        dimensions: Dimensions of the layer, 1 to 3.

    Returns:
        The check.
    """
    convolution = f"torch.nn.Conv{dimensions}d"
    refuse_names = names(
        {
            "in_channels": "channels counts them in and out",
            "out_channels": "it gives as many channels as it takes; put "
            f"{convolution}(channels, out_channels, 1) behind it",
            "groups": "write group_channels, the channels that share a kernel",
            "bias": "nothing is added to its output; leave it out, or put a BatchNorm behind it",
            "padding_mode": "outside the image x is 0; pad with torch.nn.functional.pad before it "
            "and write padding=0",
        }
    )

    def check(layer: str, given: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        refuse_names(layer, given, named)
        if _cannot_be_called(given, named) or _has_output_channels(given, named):
            raise TypeError(_what_to_write(layer, convolution, given, named))

    return check


def _cannot_be_called(given: Sequence[Any], named: Mapping[str, Any]) -> bool:
    """Return whether there are too many arguments, or two of a name."""
    twice = (len(given) > 1 and "kernel_size" in named) or (len(given) > 2 and "stride" in named)
    return twice or len(given) > MOST


def _has_output_channels(given: Sequence[Any], named: Mapping[str, Any]) -> bool:
    """Return whether the second argument makes no sense as a kernel size, and the third does.

    A window makes sense whose padding keeps the map's size but for the stride. Any other does too,
    unless its padding is right for the third argument, or it is even and very large.
    """
    size = integer(given[1]) if len(given) > 1 else None
    if size is None:
        return False
    third, padding = (given[2] if len(given) > 2 else 1), named.get("padding")
    even = size % 2 == 0
    large = even and size >= (LARGE_AS_CHANNELS if size == integer(given[0]) else LARGE)
    if padding is None or isinstance(padding, str):
        return even and (large or all(k > 1 and k % 2 for (k,) in _axes(third) or [(0,)]))
    if len(given) < 3:
        return False
    axes = _axes(third, padding, named.get("dilation", 1))
    beyond = [abs(2 * p - d * (size - 1)) > max(k - 1, d) for k, p, d in axes]
    centred = [abs(2 * p - d * (k - 1)) <= 1 for k, p, d in axes]
    return any(beyond) and (large or (all(centred) and any(p for _, p, _ in axes)))


def _axes(*values: Any) -> list[tuple[int, ...]]:
    """The values of each dimension; none where they are no integers, or not of one length."""
    dimensions = max((len(value) for value in values if isinstance(value, Sequence)), default=1)
    return [*zip(*(as_integers(value, dimensions) for value in values), strict=False)]


def _what_to_write(
    layer: str, convolution: str, given: Sequence[Any], named: Mapping[str, Any]
) -> str:
    channels, out_channels, *rest = given
    kernel = rest[0] if rest else named.get("kernel_size", "kernel_size")
    instead = f"{layer}({channels}, {kernel})"
    if out_channels != channels:
        behind = f"{convolution}({channels}, {out_channels}, 1)"
        instead = f"torch.nn.Sequential({instead}, {behind})"
    return (
        f"{layer} has no out_channels: for {convolution}({channels}, {out_channels}, {kernel}) "
        f"write {instead}; if {out_channels} is the window, write kernel_size={out_channels}"
    )
