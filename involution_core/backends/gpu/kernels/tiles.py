"""The operator's gradient by the weights in Triton, as matrix products over tiles of pixels.

The pixels of a tile and those that their windows reach, the halo, are numbered p and q. Gradient
times value, summed over a group's channels, is a matrix product over (p, q), which the tensor cores
take; it is stored where q is a tap of p. More is computed than is stored, but a halo's values are
loaded once for the whole tile.

A program computes a tile of one image for CHUNK groups. Strides come as (n, c, h, w) for maps and
as (n, g, kh, kw, h, w) for weights; offsets are of 32 bits inside an image and 64 between images.
Sums are held in float32.
"""

import triton
import triton.language as tl


@triton.jit
def grad_weight(
    grad, x, out, groups, shared, height, width, out_height, out_width, tiles_h, tiles_w, chunks,
    gn, gc, gh, gw, xn, xc, xh, xw, wn, wg, wu, wv, wh, ww,
    KH: tl.constexpr, KW: tl.constexpr, SH: tl.constexpr, SW: tl.constexpr,
    PH: tl.constexpr, PW: tl.constexpr, DH: tl.constexpr, DW: tl.constexpr,
    TH: tl.constexpr, TW: tl.constexpr, QW: tl.constexpr, Q: tl.constexpr,
    C: tl.constexpr, CHUNK: tl.constexpr,
):  # fmt: skip
    """out[tap] = sum over the channels of the group of grad * x at the tap."""
    program = tl.program_id(0)
    tile, chunk = program // chunks, program % chunks
    n = (tile // (tiles_h * tiles_w)).to(tl.int64)
    tile_row, tile_column = tile // tiles_w % tiles_h, tile % tiles_w
    p, q, channel = tl.arange(0, TH * TW), tl.arange(0, Q), tl.arange(0, C)
    row, column = tile_row * TH + p // TW, tile_column * TW + p % TW
    y, at = tile_row * TH * SH - PH + q // QW, tile_column * TW * SW - PW + q % QW
    up = (q // QW)[None, :] - (p // TW)[:, None] * SH
    right = (q % QW)[None, :] - (p % TW)[:, None] * SW
    written = (row < out_height) & (column < out_width)
    is_tap = (up >= 0) & (up < KH * DH) & (up % DH == 0) & written[:, None]
    is_tap &= (right >= 0) & (right < KW * DW) & (right % DW == 0)
    tap = up // DH * wu + right // DW * wv + (row * wh + column * ww)[:, None]
    inside = (y >= 0) & (y < height) & (at >= 0) & (at < width)
    source = (y * xh + at * xw)[:, None] + channel[None, :] * xc
    spread = (row * gh + column * gw)[:, None] + channel[None, :] * gc
    for group in range(chunk * CHUNK, tl.minimum(groups, chunk * CHUNK + CHUNK)):
        total = tl.zeros((TH * TW, Q), dtype=tl.float32)
        for first in range(0, shared, C):
            real = (channel < shared - first)[None, :]
            begin = group * shared + first
            values = tl.load(
                x + n * xn + begin * xc + source, mask=inside[:, None] & real, other=0.0
            )
            grads = tl.load(
                grad + n * gn + begin * gc + spread, mask=written[:, None] & real, other=0.0
            )
            total = tl.dot(grads, tl.trans(values), total)
        tl.store(out + n * wn + group * wg + tap, total.to(out.dtype.element_ty), mask=is_tap)
