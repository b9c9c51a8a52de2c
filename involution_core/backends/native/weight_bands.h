// Gradient by weight for square windows and groups of 16 channels or a multiple, a band of rows at a
// time: sums over channels that need no sum over lanes. See kernels.h.

template <class T, int L>
struct Segment {
    typedef T Vec __attribute__((vector_size(L * sizeof(T)), aligned(alignof(T)), may_alias));
};

// The input that a strip of a band of output pixels meets, of one group, as planes
// [channel][row][column]: column 0 is the input's `left`, row 0 its `top`. Outside of the image
// the planes keep their values.
template <class T>
void fill_planes(const WeightGradient<T>& g, int64_t n, int64_t top, int64_t left, int64_t channel) {
    const Shape& s = *g.shape;
    const int64_t low = left < 0 ? -left : 0, plane = g.plane_rows * g.pitch;
    const int64_t past = s.w - left < g.pitch ? s.w - left : g.pitch;
    for (int64_t q = 0; q < g.plane_rows; ++q) {
        const int64_t row = top + q;
        if (row < 0 || row >= s.h) continue;
        const T* from = g.x + ((n * s.h + row) * s.w + left) * s.c + channel;
        T* to = g.planes + q * g.pitch;
        if (past - low < 4) {
            for (int64_t m = low; m < past; ++m)
                for (int64_t c = 0; c < s.group_channels; ++c) to[c * plane + m] = from[m * s.c + c];
            continue;
        }
        // The last four columns may overlap those before them.
        for (int64_t m = low; m < past; m = m + 4 < past && m + 8 > past ? past - 4 : m + 4)
            for (int64_t c = 0; c < s.group_channels; c += 4) {
                typedef typename Segment<T, 4>::Vec V4;
                V4 in[4], pair[4];
                for (int k = 0; k < 4; ++k) in[k] = *(const V4*)(from + (m + k) * s.c + c);
                pair[0] = __builtin_shufflevector(in[0], in[1], 0, 4, 1, 5);
                pair[1] = __builtin_shufflevector(in[0], in[1], 2, 6, 3, 7);
                pair[2] = __builtin_shufflevector(in[2], in[3], 0, 4, 1, 5);
                pair[3] = __builtin_shufflevector(in[2], in[3], 2, 6, 3, 7);
                T* line = to + c * plane + m;
                *(V4*)line = __builtin_shufflevector(pair[0], pair[2], 0, 1, 4, 5);
                *(V4*)(line + plane) = __builtin_shufflevector(pair[0], pair[2], 2, 3, 6, 7);
                *(V4*)(line + 2 * plane) = __builtin_shufflevector(pair[1], pair[3], 0, 1, 4, 5);
                *(V4*)(line + 3 * plane) = __builtin_shufflevector(pair[1], pair[3], 2, 3, 6, 7);
            }
    }
}

// A segment of L lanes in parts that fit a register; as many of them as K lanes need.
template <class T, int L>
constexpr int segment_lanes() { return L < Lanes<T>::count ? L : Lanes<T>::count; }
template <class T, int K, int L>
constexpr int segment_parts() { return (K + segment_lanes<T, L>() - 1) / segment_lanes<T, L>(); }

template <class T, int COUNT, int FROM, class V, int... I>
INLINE void store_part(T* to, V v, Indices<I...>) {
    *(typename Segment<T, COUNT>::Vec*)(to + FROM) = __builtin_shufflevector(v, v, (FROM + I)...);
}

// The first COUNT lanes: two overlapping stores, where memcpy would go through memory.
template <class T, int COUNT, class V>
INLINE void store_lanes(T* to, V v) {
    constexpr int half = COUNT >= 8 ? 8 : COUNT >= 4 ? 4 : 2;
    if constexpr (COUNT == 1) {
        *to = v[0];
    } else {
        store_part<T, half, 0>(to, v, typename Count<half>::type());
        store_part<T, half, COUNT - half>(to, v, typename Count<half>::type());
    }
}

// Of a block of R x P pixels of one group, the window's rows FIRST to PAST. A row is one segment of
// L >= K lanes of a plane, so that sums over channels need no sum over lanes. Pixels below each other
// share segments: each is loaded once for all of the R pixels (which takes stride and dilation 1).
template <class T, int K, int L, int R, int P, int FIRST, int PAST>
INLINE void weight_segment_rows(const WeightGradient<T>& g, const T* plane, const T* grad, T* out) {
    constexpr int lanes = segment_lanes<T, L>(), parts = segment_parts<T, K, L>();
    typedef typename Segment<T, lanes>::Vec V;
    const Shape& s = *g.shape;
    const int64_t line = s.wo * s.c;
    V sum[R][P][PAST - FIRST][parts] = {};
    for (int64_t c = 0; c < s.group_channels; ++c, plane += g.plane_rows * g.pitch) {
        for (int p = 0; p < P; ++p)
            for (int part = 0; part < parts; ++part)
#pragma GCC unroll 16
                for (int q = FIRST; q < PAST + R - 1; ++q) {
                    const V x = *(const V*)(plane + q * s.dh * g.pitch + p * s.sw + part * lanes);
#pragma GCC unroll 4
                    for (int r = 0; r < R; ++r)
                        if (q - r >= FIRST && q - r < PAST)
                            sum[r][p][q - r - FIRST][part] += grad[r * line + p * s.c + c] * x;
                }
    }
    for (int r = 0; r < R; ++r)
        for (int p = 0; p < P; ++p)
            for (int u = FIRST; u < PAST; ++u)
                for (int part = 0; part < parts; ++part) {
                    const int first = u * K + part * lanes;
                    T* to = out + (r * s.wo + p) * s.groups * K * K + first;
                    const V& lane = sum[r][p][u - FIRST][part];
                    // The lanes behind K are overwritten by the next row, where there is one.
                    if (first + lanes <= K * K) *(V*)to = lane;
                    else store_lanes<T, K - (parts - 1) * lanes>(to, lane);
                }
}

// All rows of the window, as many at a time as keep the sums within 7 of 8 registers.
template <class T, int K, int L, int R, int P, int FIRST = 0>
INLINE void weight_segments(const WeightGradient<T>& g, const T* plane, const T* grad, T* out) {
    constexpr int sums = 7 * PIXELS, registers = R * P * segment_parts<T, K, L>();
    constexpr int most = registers < sums ? sums / registers : 1, passes = (K + most - 1) / most;
    constexpr int rows = (K + passes - 1) / passes, past = FIRST + rows < K ? FIRST + rows : K;
    weight_segment_rows<T, K, L, R, P, FIRST, past>(g, plane, grad, out);
    if constexpr (past < K) weight_segments<T, K, L, R, P, past>(g, plane, grad, out);
}

// Asks for the memory that COUNT values of each of R rows are soon written to: what a write waits for
// is that the rest of its cache line has come.
template <class T, int R, int COUNT>
INLINE void expect_pixels(const T* out, int64_t row) {
    for (int r = 0; r < R; ++r)
        for (int k = 0; k < COUNT; k += 64 / int(sizeof(T))) __builtin_prefetch(out + r * row + k, 1);
}

// R rows of `width` pixels of one group, P neighbours at a time.
template <class T, int K, int L, int R, int P>
INLINE void weight_lines(const WeightGradient<T>& g, const T* plane, const T* grad, T* out,
                         int64_t width) {
    const Shape& s = *g.shape;
    const int64_t values = s.groups * K * K;
    int64_t m = 0;
    for (; m + P <= width; m += P) {
        expect_pixels<T, R, P * K * K>(out + (m + 2 * P) * values, s.wo * values);
        weight_segments<T, K, L, R, P>(g, plane + m * s.sw, grad + m * s.c, out + m * values);
    }
    if constexpr (P > 1)
        for (; m < width; ++m)
            weight_segments<T, K, L, R, 1>(g, plane + m * s.sw, grad + m * s.c, out + m * values);
}

// As many rows as there are `left` at once, R at most. Returns their number.
template <class T, int K, int L, int R, int P>
INLINE int64_t weight_lines_of(const WeightGradient<T>& g, const T* plane, const T* grad, T* out,
                               int64_t width, int64_t left) {
    if constexpr (R > 1)
        if (left < R) return weight_lines_of<T, K, L, R - 1, P>(g, plane, grad, out, width, left);
    weight_lines<T, K, L, R, R == 1 ? P : 1>(g, plane, grad, out, width);
    return R;
}

// A band of rows, strip by strip, so that what a row of windows meets stays in the nearest cache.
template <class T, int K, int L, int R, int P>
void weight_band(const WeightGradient<T>& g, int64_t n, int64_t first, int64_t past) {
    const Shape& s = *g.shape;
    const bool shared = s.sh == 1 && s.dh == 1;
    for (int64_t column = 0; column < s.wo; column += g.strip) {
        const int64_t width = s.wo - column < g.strip ? s.wo - column : g.strip;
        __builtin_memset(g.planes, 0, sizeof(T) * s.group_channels * g.plane_rows * g.pitch);
        for (int64_t group = 0; group < s.groups; ++group) {
            const int64_t channel = group * s.group_channels;
            fill_planes(g, n, first * s.sh - s.ph, column * s.sw - s.pw, channel);
            for (int64_t row = first; row < past;) {
                const T* plane = g.planes + (row - first) * s.sh * g.pitch;
                const int64_t pixel = (n * s.ho + row) * s.wo + column;
                const T* grad = g.grad + pixel * s.c + channel;
                T* out = g.out + (pixel * s.groups + group) * K * K;
                row += weight_lines_of<T, K, L, R, P>(g, plane, grad, out, width,
                                                      shared ? past - row : 1);
            }
        }
    }
}

template <class T>
void weight_gradient(const WeightGradient<T>& g, int64_t n, int64_t first, int64_t past) {
    if (g.planes) switch (g.shape->kw) {
        case 3: return weight_band<T, 3, 4, 4, 2 * PIXELS>(g, n, first, past);
        case 5: return weight_band<T, 5, 8, 2, PIXELS>(g, n, first, past);
        case 7: return weight_band<T, 7, 8, 3, PIXELS / 2>(g, n, first, past);
        case 9: return weight_band<T, 9, 16, 2, 1>(g, n, first, past);
    }
    for (int64_t row = first; row < past; ++row) weight_rows(g, n, row);
}

