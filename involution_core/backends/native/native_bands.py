"""Span and aggregation in one, band by band, on the compiled kernel.

A band is some rows of the output. Its kernels are made in a buffer that stays in the cache, used,
and overwritten by the next band's, so that memory never holds them all; the gradients make them
again. Shapes: x (N, C, H, W), hidden (N, c, Ho, Wo), the span's weight (G·Kh·Kw, c) and bias
(G·Kh·Kw,), output and grad (N, C, Ho, Wo).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from involution_core.backends.native.library import SUFFIXES
from involution_core.backends.native.native_backend import (
    call_kernel,
    channels_innermost,
    groups_innermost,
    shape_of,
)
from involution_core.operator.layout import inside_out
from involution_core.operator.shapes import Window

BAND_BYTES = 5 << 19
"""Size of a band's kernels, which stay in the cache between being generated and applied."""

ALL = slice(None)


def pays(dtype: torch.dtype, kernels: int) -> bool:
    """Return whether bands support the dtype and are faster for this many values of kernels; fewer
    fit into the cache without bands."""
    return dtype in SUFFIXES and kernels * dtype.itemsize > BAND_BYTES


class Band(NamedTuple):
    """The output's rows `top` to `bottom`, exclusive, of the images `first` to `past`."""

    first: int
    past: int
    top: int
    bottom: int

    @property
    def images(self) -> slice:
        return slice(self.first, self.past)

    @property
    def rows(self) -> slice:
        return slice(self.top, self.bottom)


def bands(batch: int, rows: int, row_bytes: int) -> list[Band]:
    """Split a batch of maps with `rows` rows into bands of up to BAND_BYTES, at least a row each.

    A band holds several whole maps, or part of one that is too large.
    """
    fitting = max(1, BAND_BYTES // row_bytes)
    if fitting >= rows:
        maps = fitting // rows
        return [Band(n, min(n + maps, batch), 0, rows) for n in range(0, batch, maps)]
    height = -(-rows // -(-rows // fitting))
    return [
        Band(n, n + 1, top, min(top + height, rows))
        for n in range(batch)
        for top in range(0, rows, height)
    ]


class _Bands:
    """The operands, channels innermost, and their bands."""

    def __init__(
        self, x: Tensor, hidden: Tensor, weight: Tensor, bias: Tensor, window: Window
    ) -> None:
        self.groups, self.window = len(bias) // window.taps, window
        self.innermost = groups_innermost(x.dtype, x.shape[1], self.groups)
        self.x, self.hidden = channels_innermost(x), channels_innermost(hidden)
        self.weight, self.bias = self.ordered(weight), self.ordered(bias)
        self.height, self.width, self.channels = self.x.shape[1:]
        batch, self.rows, self.columns, _ = self.hidden.shape
        row_bytes = self.columns * len(bias) * x.element_size()
        self.bands = bands(batch, self.rows, row_bytes)

    def ordered(self, rows: Tensor) -> Tensor:
        """A parameter with its rows in the kernel's order."""
        return inside_out(rows, self.groups) if self.innermost else rows

    def restored(self, rows: Tensor) -> Tensor:
        """What `ordered` made, in the parameter's order."""
        return inside_out(rows, self.window.taps) if self.innermost else rows

    def kernels(self) -> Iterator[tuple[Band, Tensor, Tensor]]:
        """Each band, its pixels of hidden (pixels, c), and in one memory for all its kernels
        (pixels, G·Kh·Kw)."""
        most = max((past - first) * (bottom - top) for first, past, top, bottom in self.bands)
        buffer = self.x.new_empty(most * self.columns, len(self.bias))
        transposed = self.weight.t()
        for band in self.bands:
            pixels = _pixels(self.hidden[band.images, band.rows])
            kernels = buffer[: len(pixels)]
            yield band, pixels, torch.addmm(self.bias, pixels, transposed, out=kernels)

    def reached(self, band: Band) -> slice:
        """The input's rows in a band's windows."""
        (above, _), (step, _) = self.window.padding, self.window.stride
        reach = self.window.dilation[0] * (self.window.kernel_size[0] - 1)
        first, last = band.top * step - above, (band.bottom - 1) * step - above + reach
        start = min(max(0, first), self.height)
        return slice(start, max(start, min(self.height, last + 1)))

    def run(
        self, operation: str, band: Band, *tensors: Tensor, source: slice | None = None
    ) -> None:
        """Run the kernel for a band alone, on an input of all rows or of those in `source`."""
        start, stop, _ = (source or slice(None)).indices(self.height)
        (above, beside), step = self.window.padding, self.window.stride[0]
        shape = shape_of(
            band.past - band.first,
            (stop - start, self.width),
            self.channels,
            self.groups,
            # Rows by which the band's first window starts above the input's first available row.
            self.window._replace(padding=(above - band.top * step + start, beside)),
            (band.bottom - band.top, self.columns),
        )
        call_kernel(operation, shape, self.innermost, *tensors)


def _pixels(part: Tensor) -> Tensor:
    """Rows of contiguous maps (n, rows, W, c) as (pixels, c), a view."""
    return part.view(-1, part.shape[3])


def forward(x: Tensor, hidden: Tensor, weight: Tensor, bias: Tensor, window: Window) -> Tensor:
    """Return the output."""
    work = _Bands(x, hidden, weight, bias, window)
    out = work.x.new_empty(*work.hidden.shape[:3], work.channels)
    for band, _, kernels in work.kernels():
        work.run("forward", band, work.x[band.images], kernels, out[band.images, band.rows])
    return out.permute(0, 3, 1, 2)


def backward(
    grad: Tensor,
    x: Tensor,
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor,
    window: Window,
    needed: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    """Return the gradients by x, hidden, weight and bias; None for those not needed."""
    needs_x, *needs_kernels = needed
    work = _Bands(x, hidden, weight, bias, window)
    spread = channels_innermost(grad)
    whole = work.bands[0].bottom == work.rows  # then each map is written once
    by_x = torch.empty_like(work.x) if whole else torch.zeros_like(work.x)
    by_hidden = torch.empty_like(work.hidden)
    by_weight, by_bias = torch.zeros_like(work.weight), torch.zeros_like(work.bias)
    for band, pixels, kernels in work.kernels():
        part = spread[band.images, band.rows]
        if needs_x:
            _add_by_input(work, band, part, kernels, by_x)
        if not any(needs_kernels):
            continue
        # The kernels have been used. Their gradient takes their place.
        work.run("grad_weight", band, part, work.x[band.images], kernels)
        torch.mm(kernels, work.weight, out=_pixels(by_hidden[band.images, band.rows]))
        by_weight.addmm_(kernels.t(), pixels)
        by_bias += kernels.sum(0)
    found = (
        by_x.permute(0, 3, 1, 2),
        by_hidden.permute(0, 3, 1, 2),
        work.restored(by_weight),
        work.restored(by_bias),
    )
    return tuple(one if need else None for one, need in zip(found, needed, strict=True))


def _add_by_input(work: _Bands, band: Band, grad: Tensor, kernels: Tensor, by_x: Tensor) -> None:
    """Add the gradient by x; the windows of one band reach into the rows of the next."""
    if band.bottom - band.top == work.rows:
        work.run("grad_input", band, grad, kernels, by_x[band.images])
        return
    source = work.reached(band)
    of_band = torch.empty_like(by_x[band.images, source])
    if of_band.numel():
        work.run("grad_input", band, grad, kernels, of_band, source=source)
        by_x[band.images, source] += of_band
