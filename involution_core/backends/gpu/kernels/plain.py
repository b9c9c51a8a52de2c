"""The operator and its adjoints in Triton, for every layout, type and window.

A program computes a tile of pixels x groups x channels of a group. A tap's weights, pixels x
groups, are loaded once and meet all the channels of their groups. Gather form: every output is
written by one program, in one order. Sizes and strides are runtime values, offsets are 64-bit,
sums are held in float32 (float64 for float64).

Strides come as (n, c, h, w) for maps and as (n, g, kh, kw, h, w) for weights.
"""

import triton
import triton.language as tl


@triton.jit
def _tile(pixels, groups, shared, P: tl.constexpr, G: tl.constexpr, C: tl.constexpr):
    """Pixel, group and in-group channel numbers of this program's tile, with their mask."""
    pixel = tl.program_id(0).to(tl.int64) * P + tl.arange(0, P)[:, None, None]
    group = tl.program_id(1).to(tl.int64) * G + tl.arange(0, G)[None, :, None]
    channel = tl.program_id(2).to(tl.int64) * C + tl.arange(0, C)[None, None, :]
    return pixel, group, channel, (pixel < pixels) & (group < groups) & (channel < shared)


@triton.jit
def forward(
    x, weight, out, groups, shared, height, width, out_height, out_width, pixels,
    xn, xc, xh, xw, wn, wg, wu, wv, wh, ww, on, oc, oh, ow,
    KH: tl.constexpr, KW: tl.constexpr, sh, sw, ph, pw, dh, dw,
    P: tl.constexpr, G: tl.constexpr, C: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """out = sum over the window of weight * x."""
    pixel, group, channel, inside = _tile(pixels, groups, shared, P, G, C)
    column = pixel % out_width
    row = pixel // out_width % out_height
    n = pixel // (out_width * out_height)
    chosen = (pixel < pixels) & (group < groups)
    weights = weight + n * wn + group * wg + row * wh + column * ww
    source = x + n * xn + (group * shared + channel) * xc
    total = tl.zeros((P, G, C), dtype=ACC)
    for u in range(KH):
        y = row * sh + u * dh - ph
        for v in range(KW):
            at = column * sw + v * dw - pw
            reached = (y >= 0) & (y < height) & (at >= 0) & (at < width)
            w = tl.load(weights + u * wu + v * wv, mask=chosen, other=0.0).to(ACC)
            value = tl.load(source + y * xh + at * xw, mask=inside & reached, other=0.0).to(ACC)
            total += w * value
    place = out + n * on + (group * shared + channel) * oc + row * oh + column * ow
    tl.store(place, total.to(out.dtype.element_ty), mask=inside)


@triton.jit
def grad_input(
    grad, weight, out, groups, shared, height, width, out_height, out_width, pixels,
    gn, gc, gh, gw, wn, wg, wu, wv, wh, ww, on, oc, oh, ow,
    KH: tl.constexpr, KW: tl.constexpr, sh, sw, ph, pw, dh, dw,
    P: tl.constexpr, G: tl.constexpr, C: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """out[y, x] = sum over the output pixels whose windows hold (y, x) of weight * grad."""
    pixel, group, channel, inside = _tile(pixels, groups, shared, P, G, C)
    column = pixel % width
    row = pixel // width % height
    n = pixel // (width * height)
    chosen = (pixel < pixels) & (group < groups)
    weights = weight + n * wn + group * wg
    source = grad + n * gn + (group * shared + channel) * gc
    total = tl.zeros((P, G, C), dtype=ACC)
    for u in range(KH):
        above = row + ph - u * dh
        i = above // sh
        row_met = (above >= 0) & (above % sh == 0) & (i < out_height)
        for v in range(KW):
            before = column + pw - v * dw
            j = before // sw
            met = row_met & (before >= 0) & (before % sw == 0) & (j < out_width)
            tap = weights + u * wu + v * wv + i * wh + j * ww
            w = tl.load(tap, mask=chosen & met, other=0.0).to(ACC)
            value = tl.load(source + i * gh + j * gw, mask=inside & met, other=0.0).to(ACC)
            total += w * value
    place = out + n * on + (group * shared + channel) * oc + row * oh + column * ow
    tl.store(place, total.to(out.dtype.element_ty), mask=inside)


@triton.jit
def grad_weight(
    grad, x, out, groups, shared, height, width, out_height, out_width, pixels,
    gn, gc, gh, gw, xn, xc, xh, xw, wn, wg, wu, wv, wh, ww,
    KH: tl.constexpr, KW: tl.constexpr, sh, sw, ph, pw, dh, dw,
    P: tl.constexpr, G: tl.constexpr, C: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """out[tap] = sum over the channels of the group of grad * x at the tap."""
    pixel, group, channel, _ = _tile(pixels, groups, shared, P, G, C)
    column = pixel % out_width
    row = pixel // out_width % out_height
    n = pixel // (out_width * out_height)
    chosen = (pixel < pixels) & (group < groups)
    spread = grad + n * gn + group * shared * gc + row * gh + column * gw
    source = x + n * xn + group * shared * xc
    place = out + n * wn + group * wg + row * wh + column * ww
    for u in range(KH):
        y = row * sh + u * dh - ph
        for v in range(KW):
            at = column * sw + v * dw - pw
            reached = chosen & (y >= 0) & (y < height) & (at >= 0) & (at < width)
            total = tl.zeros((P, G, C), dtype=ACC)
            for first in range(0, shared, C):
                c = first + channel
                mask = reached & (c < shared)
                value = tl.load(source + c * xc + y * xh + at * xw, mask=mask, other=0.0).to(ACC)
                total += value * tl.load(spread + c * gc, mask=mask, other=0.0).to(ACC)
            summed = tl.sum(total, axis=2)[:, :, None].to(out.dtype.element_ty)
            tl.store(place + u * wu + v * wv, summed, mask=chosen)
