// Forward and gradient by input: both gather, a block of pixels at a time. See kernels.h.

// P neighbouring pixels of one row, NV vectors of channels. A source pixel is loaded once for all
// of the P pixels that it reaches. Forward: the source is x and the weight is the destination
// pixel's. Adjoint: the source is the output's gradient and brings its own weight.
template <class T, class W, int NV, int P, bool ADJOINT>
INLINE void gather_block(const Gather<T>& g, const int32_t* rows, const T* source, const T* weight,
                         T* out, int64_t row, int64_t column, int64_t channel) {
    constexpr int lanes = Lanes<T>::count;
    const Shape& s = *g.shape;
    const W by(s, channel);
    const int64_t kw = s.kw, pixel = s.groups * s.taps();
    const int64_t first = ADJOINT ? column + s.pw - (kw - 1) : column - s.pw;
    const int64_t low = first < 0 ? 0 : first;
    const int64_t past = first + kw + P - 1 < g.source_w ? first + kw + P - 1 : g.source_w;
    Vec<T> sum[P][NV] = {};
    for (int64_t u = 0; u < s.kh; ++u) {
        if (rows[u] < 0) continue;
        const T* from = source + rows[u] * g.source_w * s.c + channel;
        const T* weights = weight + (ADJOINT ? rows[u] * g.source_w : row * g.out_w) * pixel;
        for (int64_t at = low; at < past; ++at) {
            Vec<T> x[NV];
            for (int k = 0; k < NV; ++k) x[k] = load(from + at * s.c + k * lanes);
            for (int p = 0; p < P; ++p) {
                const int64_t reach = at - first - p;
                if (uint64_t(reach) >= uint64_t(kw)) continue;
                const int64_t tap = u * kw + (ADJOINT ? kw - 1 - reach : reach);
                const T* w = weights + (ADJOINT ? at : column + p) * pixel + tap * by.tap_step;
                for (int k = 0; k < NV; ++k) sum[p][k] += by.times(x[k], w, k);
            }
        }
    }
    for (int p = 0; p < P; ++p)
        for (int k = 0; k < NV; ++k)
            store(out + (row * g.out_w + column + p) * s.c + channel + k * lanes, sum[p][k]);
}

// One pixel, any stride and dilation: the sources stand in tables.
template <class T, class W, int NV, bool ADJOINT>
INLINE void gather_pixel(const Gather<T>& g, const int32_t* rows, const T* source, const T* weight,
                         T* out, int64_t row, int64_t column, int64_t channel) {
    constexpr int lanes = Lanes<T>::count;
    const Shape& s = *g.shape;
    const W by(s, channel);
    const int64_t pixel = s.groups * s.taps();
    const int32_t* columns = g.columns + column * s.kw;
    Vec<T> sum[NV] = {};
    for (int64_t u = 0; u < s.kh; ++u) {
        if (rows[u] < 0) continue;
        for (int64_t v = 0; v < s.kw; ++v) {
            if (columns[v] < 0) continue;
            const int64_t at = int64_t(rows[u]) * g.source_w + columns[v];
            const int64_t weighed = ADJOINT ? at : row * g.out_w + column;
            const T* w = weight + weighed * pixel + (u * s.kw + v) * by.tap_step;
            for (int k = 0; k < NV; ++k)
                sum[k] += by.times(load(source + at * s.c + channel + k * lanes), w, k);
        }
    }
    for (int k = 0; k < NV; ++k)
        store(out + (row * g.out_w + column) * s.c + channel + k * lanes, sum[k]);
}

// Weights that are needed soon, asked for while others are multiplied. `count` values from `from`;
// of these a share for every `channels` of the c channels, so that the requests come evenly.
template <class T>
struct Ahead {
    const T* from;
    int64_t count;
    INLINE void fetch(int64_t channel, int64_t channels, int64_t c) const {
        const char* at = reinterpret_cast<const char*>(from + count * channel / c);
        const char* past = reinterpret_cast<const char*>(from + count * (channel + channels) / c);
        for (; at < past; at += 64) __builtin_prefetch(at);
    }
};

// While `width` pixels of a row are made, forward: the weights of as many pixels behind them.
// Adjoint: a share of the weights of the source row that the next row meets first.
template <class T, bool ADJOINT>
INLINE Ahead<T> weights_ahead(const Gather<T>& g, const T* weight, int64_t row, int64_t column,
                              int64_t width) {
    const Shape& s = *g.shape;
    const int64_t pixel = s.groups * s.taps();
    if (!ADJOINT) return {weight + (row * g.out_w + column + width) * pixel, width * pixel};
    const int32_t* next = g.rows + (row + 1) * s.kh;
    for (int64_t u = 0; row + 1 < g.out_h && u < s.kh; ++u) {
        if (next[u] < 0) continue;
        const int64_t low = column * g.source_w / g.out_w;
        const int64_t past = (column + width) * g.source_w / g.out_w;
        return {weight + (next[u] * g.source_w + low) * pixel, (past - low) * pixel};
    }
    return {weight, 0};
}

// NV vectors of channels of `width` pixels, P pixels at a time as long as P are left.
template <class T, class W, int NV, bool ADJOINT>
INLINE void gather_columns(const Gather<T>& g, const int32_t* rows, const T* source,
                           const T* weight, T* out, int64_t row, int64_t column, int64_t width,
                           int64_t channel) {
    if (!g.unit) {
        for (int64_t p = 0; p < width; ++p)
            gather_pixel<T, W, NV, ADJOINT>(g, rows, source, weight, out, row, column + p, channel);
        return;
    }
#define BLOCK(P) gather_block<T, W, NV, P, ADJOINT>(g, rows, source, weight, out, row, column, channel)
    switch (width) {
        case 1: BLOCK(1); break;
        case 2: BLOCK(2); break;
#if PIXELS > 2
        case 3: BLOCK(3); break;
        case 4: BLOCK(4); break;
#endif
    }
#undef BLOCK
}

template <class T, template <class, int> class W, bool ADJOINT>
INLINE void gather_row(const Gather<T>& g, int64_t n, int64_t row) {
    constexpr int lanes = Lanes<T>::count;
    const Shape& s = *g.shape;
    const int64_t pixel = s.groups * s.taps(), weight_pixels = s.ho * s.wo;
    const int32_t* rows = g.rows + row * s.kh;
    const T* source = g.source + n * g.source_h * g.source_w * s.c;
    const T* weight = g.weight + n * weight_pixels * pixel;
    T* out = g.out + n * g.out_h * g.out_w * s.c;
    for (int64_t column = 0; column < g.out_w; column += PIXELS) {
        const int64_t width = g.out_w - column < PIXELS ? g.out_w - column : PIXELS;
        const Ahead<T> ahead = weights_ahead<T, ADJOINT>(g, weight, row, column, width);
        int64_t channel = 0;
        for (; channel + 4 * lanes <= s.c; channel += 4 * lanes) {
            ahead.fetch(channel, 4 * lanes, s.c);
            gather_columns<T, W<T, 4>, 4, ADJOINT>(g, rows, source, weight, out, row, column,
                                                   width, channel);
        }
        for (; channel < s.c; channel += lanes) {
            ahead.fetch(channel, lanes, s.c);
            gather_columns<T, W<T, 1>, 1, ADJOINT>(g, rows, source, weight, out, row, column,
                                                   width, channel);
        }
    }
}

// Groups that are neither a multiple nor a part of a vector.
template <class T, bool ADJOINT>
void gather_row_any(const Gather<T>& g, int64_t n, int64_t row) {
    const Shape& s = *g.shape;
    const int64_t taps = s.taps(), gc = s.group_channels;
    const T* source = g.source + n * g.source_h * g.source_w * s.c;
    const T* weight = g.weight + n * s.ho * s.wo * s.groups * taps;
    T* out = g.out + (n * g.out_h + row) * g.out_w * s.c;
    for (int64_t column = 0; column < g.out_w; ++column, out += s.c) {
        for (int64_t c = 0; c < s.c; ++c) out[c] = 0;
        for (int64_t tap = 0; tap < taps; ++tap) {
            const int64_t from_row = g.rows[row * s.kh + tap / s.kw];
            const int64_t from_column = g.columns[column * s.kw + tap % s.kw];
            if (from_row < 0 || from_column < 0) continue;
            const int64_t at = from_row * g.source_w + from_column;
            const T* w = weight + (ADJOINT ? at : row * g.out_w + column) * s.groups * taps + tap;
            for (int64_t group = 0; group < s.groups; ++group)
                for (int64_t c = group * gc; c < (group + 1) * gc; ++c)
                    out[c] += w[group * taps] * source[at * s.c + c];
        }
    }
}

// GC where it is narrower than a vector. Where it is not, it is never asked for, and 1 compiles.
template <class T, int GC>
constexpr int narrow() { return GC < Lanes<T>::count ? GC : 1; }

template <class T, int NV> using Narrow1 = Narrow<T, NV, 1>;
template <class T, int NV> using Narrow2 = Narrow<T, NV, narrow<T, 2>()>;
template <class T, int NV> using Narrow4 = Narrow<T, NV, narrow<T, 4>()>;
template <class T, int NV> using Narrow8 = Narrow<T, NV, narrow<T, 8>()>;

template <class T, bool ADJOINT>
INLINE void gather_untiled(const Gather<T>& g, int64_t n, int64_t row) {
    const Shape& s = *g.shape;
    if (s.group_channels % Lanes<T>::count == 0) return gather_row<T, Wide, ADJOINT>(g, n, row);
    if (!s.groups_innermost) return gather_row_any<T, ADJOINT>(g, n, row);
    switch (s.group_channels) {
        case 1: return gather_row<T, Narrow1, ADJOINT>(g, n, row);
        case 2: return gather_row<T, Narrow2, ADJOINT>(g, n, row);
        case 4: return gather_row<T, Narrow4, ADJOINT>(g, n, row);
        case 8: return gather_row<T, Narrow8, ADJOINT>(g, n, row);
    }
}
