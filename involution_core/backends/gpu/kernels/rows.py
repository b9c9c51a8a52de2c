"""The operator and its gradient by x in Triton, four neighbouring pixels of a row at a time.

For operands that lie channels innermost. A thread holds some channels of four pixels: a value, once
loaded, meets every one of the four whose window holds it. Numbers of groups and channels and the
window are known when a kernel is compiled, so that distances in memory are. What is left as the
limit on a GPU is the loading of single weights, which a group's few channels share.

A program computes P runs of four pixels for G groups of C channels each. Sums are held in float32.
"""

import triton
import triton.language as tl

RUN = tl.constexpr(4)


@triton.jit
def _numbers(runs, width, GROUPS, SHARED, P: tl.constexpr, G: tl.constexpr, C: tl.constexpr):
    """Run, row and first column, group and channel of this program's tile, with their masks."""
    run = tl.program_id(0).to(tl.int64) * P + tl.arange(0, P)[:, None, None]
    group = tl.program_id(1) * G + tl.arange(0, G)[None, :, None]
    channel = tl.arange(0, C)[None, None, :]
    in_row = (width + RUN - 1) // RUN
    chosen = (run < runs) & (group < GROUPS)
    return run // in_row, run % in_row * RUN, group, channel, chosen, chosen & (channel < SHARED)


@triton.jit
def _is_tap(offset: tl.constexpr, K: tl.constexpr, D: tl.constexpr):
    """Return whether a window has a tap so far from its first."""
    return offset >= 0 and offset < K * D and offset % D == 0


@triton.jit
def _add(total, value, weights, mask, offset: tl.constexpr, tap: tl.constexpr,
         K: tl.constexpr, D: tl.constexpr):  # fmt: skip
    """total + value * the weight of the tap at `offset`, where that is a tap."""
    if _is_tap(offset, K, D):
        total += value * tl.load(weights + offset // D * tap, mask=mask, other=0.0).to(tl.float32)
    return total


@triton.jit
def _store(place, total, column, width, mask):
    tl.store(place, total.to(place.dtype.element_ty), mask=mask & (column < width))


@triton.jit
def forward(
    x, weight, out, runs, height, width, out_height, out_width,
    GROUPS: tl.constexpr, SHARED: tl.constexpr, GROUP: tl.constexpr, TAP: tl.constexpr,
    KH: tl.constexpr, KW: tl.constexpr, SH: tl.constexpr, SW: tl.constexpr,
    PH: tl.constexpr, PW: tl.constexpr, DH: tl.constexpr, DW: tl.constexpr,
    P: tl.constexpr, G: tl.constexpr, C: tl.constexpr,
):  # fmt: skip
    """out = sum over the window of weight * x."""
    CHANNELS: tl.constexpr = GROUPS * SHARED
    TAPS: tl.constexpr = KH * KW * GROUPS
    line, column, group, channel, chosen, inside = _numbers(
        runs, out_width, GROUPS, SHARED, P, G, C
    )
    n, row = line // out_height, line % out_height
    weights = weight + (line * out_width + column) * TAPS + group * GROUP
    source = x + (n * height * width + row * SH * width + column * SW) * CHANNELS
    source += group * SHARED + channel
    a = tl.zeros((P, G, C), dtype=tl.float32)
    b = tl.zeros((P, G, C), dtype=tl.float32)
    c = tl.zeros((P, G, C), dtype=tl.float32)
    d = tl.zeros((P, G, C), dtype=tl.float32)
    in_b, in_c, in_d = column + 1 < out_width, column + 2 < out_width, column + 3 < out_width
    for u in range(KH):
        y = row * SH + (u * DH - PH)
        reached = inside & (y >= 0) & (y < height)
        values = source + (u * DH - PH) * width * CHANNELS
        taps = weights + u * KW * TAP
        for q in tl.static_range((RUN - 1) * SW + (KW - 1) * DW + 1):
            at = column * SW + (q - PW)
            met = reached & (at >= 0) & (at < width)
            value = tl.load(values + (q - PW) * CHANNELS, mask=met, other=0.0).to(tl.float32)
            a = _add(a, value, taps, chosen, q, TAP, KW, DW)
            b = _add(b, value, taps + TAPS, chosen & in_b, q - SW, TAP, KW, DW)
            c = _add(c, value, taps + 2 * TAPS, chosen & in_c, q - 2 * SW, TAP, KW, DW)
            d = _add(d, value, taps + 3 * TAPS, chosen & in_d, q - 3 * SW, TAP, KW, DW)
    place = out + (line * out_width + column) * CHANNELS + group * SHARED + channel
    _store(place, a, column, out_width, inside)
    _store(place + CHANNELS, b, column + 1, out_width, inside)
    _store(place + 2 * CHANNELS, c, column + 2, out_width, inside)
    _store(place + 3 * CHANNELS, d, column + 3, out_width, inside)


@triton.jit
def grad_input(
    grad, weight, out, runs, height, width, out_height, out_width,
    GROUPS: tl.constexpr, SHARED: tl.constexpr, GROUP: tl.constexpr, TAP: tl.constexpr,
    KH: tl.constexpr, KW: tl.constexpr, SH: tl.constexpr, SW: tl.constexpr,
    PH: tl.constexpr, PW: tl.constexpr, DH: tl.constexpr, DW: tl.constexpr,
    P: tl.constexpr, G: tl.constexpr, C: tl.constexpr,
):  # fmt: skip
    """out[y, x] = sum over the output pixels whose windows hold (y, x) of weight * grad.

    For stride 1.
    """
    tl.static_assert(SH == 1 and SW == 1)
    CHANNELS: tl.constexpr = GROUPS * SHARED
    TAPS: tl.constexpr = KH * KW * GROUPS
    LAST: tl.constexpr = (KW - 1) * DW
    line, column, group, channel, chosen, inside = _numbers(runs, width, GROUPS, SHARED, P, G, C)
    n, row = line // height, line % height
    first = n * out_height * out_width + row * out_width + column
    weights, source = weight + first * TAPS + group * GROUP, grad + first * CHANNELS
    source += group * SHARED + channel
    a = tl.zeros((P, G, C), dtype=tl.float32)
    b = tl.zeros((P, G, C), dtype=tl.float32)
    c = tl.zeros((P, G, C), dtype=tl.float32)
    d = tl.zeros((P, G, C), dtype=tl.float32)
    for u in range(KH):
        i = row + (PH - u * DH)
        reached = (i >= 0) & (i < out_height)
        above = (PH - u * DH) * out_width
        for q in tl.static_range(RUN + LAST):
            j = column + (PW - LAST + q)
            met = reached & (j >= 0) & (j < out_width)
            step = above + (PW - LAST + q)
            value = tl.load(source + step * CHANNELS, mask=met & inside, other=0.0).to(tl.float32)
            taps = weights + step * TAPS + u * KW * TAP
            a = _add(a, value, taps, met & chosen, LAST - q, TAP, KW, DW)
            b = _add(b, value, taps, met & chosen, LAST - q + 1, TAP, KW, DW)
            c = _add(c, value, taps, met & chosen, LAST - q + 2, TAP, KW, DW)
            d = _add(d, value, taps, met & chosen, LAST - q + 3, TAP, KW, DW)
    place = out + (line * width + column) * CHANNELS + group * SHARED + channel
    _store(place, a, column, width, inside)
    _store(place + CHANNELS, b, column + 1, width, inside)
    _store(place + 2 * CHANNELS, c, column + 2, width, inside)
    _store(place + 3 * CHANNELS, d, column + 3, width, inside)
