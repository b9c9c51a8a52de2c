// Forward and gradient by input for KW columns of taps, unrolled, and two vectors of one group. A
// tap's additions come in the order of gather.h. See kernels.h.
//
// Where there are 32 registers gather.h is kept: nothing was measured there.

constexpr int64_t TILE_PIXELS = 4, STRIP = 16;

// Keeps an address in one register from step to step, where compilers would prepare all addresses and
// keep them in memory.
#define KEEP(value) __asm__("" : "+r"(value))

// P neighbouring pixels. A weight is loaded once for both vectors, a source pixel once for all P.
template <class T, int KW, int P, bool ADJOINT>
INLINE void gather_tile(const Gather<T>& g, const int32_t* rows, const T* source, const T* weight,
                        T* out, int64_t row, int64_t column, int64_t channel) {
    constexpr int lanes = Lanes<T>::count;
    const Shape& s = *g.shape;
    const int64_t pixel = s.groups * s.taps(), c = s.c;
    const int64_t first = ADJOINT ? column + s.pw - (KW - 1) : column - s.pw;
    const T* of_group = weight + channel / s.group_channels * s.taps();
    Vec<T> sum[P][2] = {};
    for (int64_t u = 0; u < s.kh; ++u) {
        if (rows[u] < 0) continue;
        int64_t at = first;
        const T* from = source + (rows[u] * g.source_w + at) * c + channel;
        const int64_t weighed = ADJOINT ? rows[u] * g.source_w + at : row * g.out_w + column;
        const T* w = of_group + weighed * pixel + u * KW;
#pragma GCC unroll 16
        for (int r = 0; r < KW + P - 1; ++r) {
            if (uint64_t(at) < uint64_t(g.source_w)) {
                const Vec<T> low = load(from), high = load(from + lanes);
#pragma GCC unroll 8
                for (int p = 0; p < P; ++p) {
                    if (r < p || r - p >= KW) continue;
                    const T by = ADJOINT ? w[KW - 1 - (r - p)] : w[p * pixel + r - p];
                    sum[p][0] += low * by;
                    sum[p][1] += high * by;
                }
            }
            from += c;
            ++at;
            KEEP(from);
            KEEP(at);
            if (ADJOINT) {
                w += pixel;
                KEEP(w);
            }
        }
    }
    T* to = out + (row * g.out_w + column) * c + channel;
    for (int p = 0; p < P; ++p)
        for (int k = 0; k < 2; ++k) store(to + p * c + k * lanes, sum[p][k]);
}

// Asks for the weights of the group that the row below meets first, of the same columns.
template <class T>
INLINE void fetch_below(const Gather<T>& g, const T* weight, int64_t row, int64_t column,
                        int64_t width, int64_t channel) {
    const Shape& s = *g.shape;
    const int32_t* rows = g.rows + (row + 1) * s.kh;
    for (int64_t u = 0; u < s.kh; ++u) {
        if (rows[u] < 0) continue;
        const T* at = weight + channel / s.group_channels * s.taps();
        const int64_t past = column + width < g.source_w ? column + width : g.source_w;
        for (int64_t x = column; x < past; ++x) {
            const T* of_pixel = at + (rows[u] * g.source_w + x) * s.groups * s.taps();
            for (int64_t k = 0; k < s.taps(); k += 64 / sizeof(T)) __builtin_prefetch(of_pixel + k);
        }
        return;
    }
}

// Up to TILE_PIXELS neighbours.
template <class T, int KW, bool ADJOINT>
INLINE void gather_tile_of(int64_t width, const Gather<T>& g, const T* source, const T* weight, T* out,
                           int64_t row, int64_t column, int64_t channel) {
    const int32_t* rows = g.rows + row * g.shape->kh;
#define TILE(P) gather_tile<T, KW, P, ADJOINT>(g, rows, source, weight, out, row, column, channel)
    switch (width) {
        case 1: TILE(1); break;
        case 2: TILE(2); break;
        case 3: TILE(3); break;
        case 4: TILE(4); break;
    }
#undef TILE
}

// Forward: row by row, so that weights, each of which is met once, come in their order. Adjoint: in
// strips, one group after the other, so that the weights that a row meets a part of are still near
// when the next row meets another.
template <class T, int KW, bool ADJOINT>
void gather_tiles(const Gather<T>& g, int64_t n, int64_t first, int64_t past) {
    constexpr int64_t step = 2 * Lanes<T>::count;
    const Shape& s = *g.shape;
    const T* source = g.source + n * g.source_h * g.source_w * s.c;
    const T* weight = g.weight + n * s.ho * s.wo * s.groups * s.taps();
    T* out = g.out + n * g.out_h * g.out_w * s.c;
    const int64_t strip = ADJOINT ? STRIP : g.out_w, block = ADJOINT ? step : s.c;
    for (int64_t left = 0; left < g.out_w; left += strip)
        for (int64_t begin = 0; begin < s.c; begin += block)
            for (int64_t row = first; row < past; ++row)
                for (int64_t column = left; column < g.out_w && column < left + strip;
                     column += TILE_PIXELS) {
                    const int64_t rest = g.out_w - column;
                    const int64_t width = rest < TILE_PIXELS ? rest : TILE_PIXELS;
                    const Ahead<T> ahead = weights_ahead<T, false>(g, weight, row, column, width);
                    if (ADJOINT && row + 1 < past)
                        fetch_below(g, weight, row, column, width, begin);
                    for (int64_t channel = begin; channel < begin + block; channel += step) {
                        if (!ADJOINT) ahead.fetch(channel, step, s.c);
                        gather_tile_of<T, KW, ADJOINT>(width, g, source, weight, out, row, column,
                                                       channel);
                    }
                }
}

// Whether the rows were made so. Adjoint: where that is faster, with large windows and with groups
// whose weights are loaded once.
template <class T, bool ADJOINT>
INLINE bool tiled(const Gather<T>& g, int64_t n, int64_t first, int64_t past) {
    constexpr int64_t step = 2 * Lanes<T>::count;
    const int64_t shared = g.shape->group_channels;
    if (!g.unit || (ADJOINT ? shared != step : shared % step != 0)) return false;
    if constexpr (!ADJOINT) switch (g.shape->kw) {
        case 3: gather_tiles<T, 3, ADJOINT>(g, n, first, past); return true;
        case 5: gather_tiles<T, 5, ADJOINT>(g, n, first, past); return true;
    }
    switch (g.shape->kw) {
        case 7: gather_tiles<T, 7, ADJOINT>(g, n, first, past); return true;
        case 9: gather_tiles<T, 9, ADJOINT>(g, n, first, past); return true;
    }
    return false;
}
