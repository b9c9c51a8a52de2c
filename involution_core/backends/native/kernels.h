// The operator and its adjoints for one instruction set. Included once for each, inside a namespace
// of its own, with VEC_BYTES (bytes of a vector register) and PIXELS (pixels computed side by side: 2
// where there are 16 such registers, 4 where there are 32) defined. Nothing of the standard library is
// instantiated here: such code would be shared between instruction sets.
//
// Layouts, innermost last: maps [n][row][column][channel]; weights [n][row][column][group][tap], or
// [n][row][column][tap][group] where a group is narrower than a vector ("Narrow" below).

template <class T>
struct Lanes {
    typedef T Vec __attribute__((vector_size(VEC_BYTES), aligned(alignof(T)), may_alias));
    static constexpr int count = VEC_BYTES / int(sizeof(T));
};

template <class T>
using Vec = typename Lanes<T>::Vec;

template <class T>
INLINE Vec<T> load(const T* p) { return *reinterpret_cast<const Vec<T>*>(p); }

template <class T>
INLINE void store(T* p, Vec<T> v) { *reinterpret_cast<Vec<T>*>(p) = v; }

template <int... I>
struct Indices {};
template <int N, int... I>
struct Count : Count<N - 1, N - 1, I...> {};
template <int... I>
struct Count<0, I...> { typedef Indices<I...> type; };

// ---- How a vector of channels meets its weight ------------------------------------------------

// Every vector lies inside one group: one weight for all its lanes.
template <class T, int NV>
struct Wide {
    int64_t tap_step, offset[NV];
    Wide(const Shape& s, int64_t channel) : tap_step(1) {
        for (int k = 0; k < NV; ++k)
            offset[k] = (channel + k * Lanes<T>::count) / s.group_channels * s.taps();
    }
    INLINE Vec<T> times(Vec<T> x, const T* w, int k) const { return x * w[offset[k]]; }
};

template <class T, int COUNT>
struct Few {
    typedef T Vec __attribute__((vector_size(COUNT * sizeof(T)), aligned(alignof(T)), may_alias));
};

// The vector that begins with `few`. Doubled step by step: compilers know that to be no work at all,
// where they send other ways through memory.
template <class T, int COUNT, int... I>
INLINE Vec<T> widen(typename Few<T, COUNT>::Vec few, Indices<I...>) {
    if constexpr (COUNT == Lanes<T>::count) {
        return few;
    } else {
        const auto twice = __builtin_shufflevector(few, few, I..., (I * 0 - 1)...);
        return widen<T, 2 * COUNT>(twice, typename Count<2 * COUNT>::type());
    }
}

template <class T, int GC, int... I>
INLINE Vec<T> repeat(const T* p, Indices<I...>) {
    constexpr int count = Lanes<T>::count / GC;
    const auto few = *reinterpret_cast<const typename Few<T, count>::Vec*>(p);
    const Vec<T> v = widen<T, count>(few, typename Count<count>::type());
    return __builtin_shufflevector(v, v, (I / GC)...);
}

// GC channels share a weight and several groups share a vector: each weight repeated GC times.
template <class T, int NV, int GC>
struct Narrow {
    int64_t tap_step, offset;
    Narrow(const Shape& s, int64_t channel) : tap_step(s.groups), offset(channel / GC) {}
    INLINE Vec<T> times(Vec<T> x, const T* w, int k) const {
        constexpr int lanes = Lanes<T>::count;
        const T* p = w + offset + k * (lanes / GC);
        return x * (GC == 1 ? load(p) : repeat<T, GC>(p, typename Count<lanes>::type()));
    }
};

// ---- Forward and gradient by input: both gather ------------------------------------------------

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

// NV vectors of channels of `width` pixels, P of them at a time as long as there are so many.
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
void gather(const Gather<T>& g, int64_t n, int64_t row) {
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

// ---- Gradient by weight: products summed over the channels of a group ---------------------------

template <int M, int LANES>
constexpr int half_of(int lane, int half) {
    return ((lane / (M / 2)) % 2) * LANES + lane / M * M + lane % (M / 2) + half * (M / 2);
}

// a and b hold sums spread over segments of M lanes; the result holds both's, in segments of M/2.
template <class T, int M, int... I>
INLINE Vec<T> fold(Vec<T> a, Vec<T> b, Indices<I...>) {
    constexpr int lanes = Lanes<T>::count;
    return __builtin_shufflevector(a, b, half_of<M, lanes>(I, 0)...) +
           __builtin_shufflevector(a, b, half_of<M, lanes>(I, 1)...);
}

// part[0] becomes the sums over the M-lane segments of part[0..M).
template <class T, int M>
struct Fold {
    static INLINE void run(Vec<T>* part) {
        for (int i = 0; i < M / 2; ++i)
            part[i] = fold<T, M>(part[i], part[i + M / 2], typename Count<Lanes<T>::count>::type());
        Fold<T, M / 2>::run(part);
    }
};
template <class T>
struct Fold<T, 1> {
    static INLINE void run(Vec<T>*) {}
};

template <class T, int GC, int... I>
INLINE Vec<T> by_vector(Vec<T> v, Indices<I...>) {
    constexpr int groups = Lanes<T>::count / GC;
    return __builtin_shufflevector(v, v, (I % groups * GC + I / groups)...);
}

// Whole vectors in a group: the weights of a pixel are [group][tap], a vector of them at a time.
template <class T>
INLINE void weight_pixel_wide(const WeightGradient<T>& g, const T* grad, const T* const* at, T* out) {
    constexpr int lanes = Lanes<T>::count;
    const Shape& s = *g.shape;
    const int64_t taps = s.taps(), values = s.groups * taps;
    int64_t tap = 0, channel = 0;
    for (int64_t value = 0; value < values; value += lanes) {
        Vec<T> part[lanes];
        const int64_t here = values - value < lanes ? values - value : lanes;
        for (int lane = 0; lane < lanes; ++lane) {
            if (lane >= here) { part[lane] = Vec<T>{}; continue; }
            const T* x = at[tap] + channel;
            const T* y = grad + channel;
            Vec<T> sum = load(x) * load(y);
            for (int64_t c = lanes; c < s.group_channels; c += lanes) sum += load(x + c) * load(y + c);
            part[lane] = sum;
            if (++tap == taps) { tap = 0; channel += s.group_channels; }
        }
        Fold<T, lanes>::run(part);
        if (here == lanes) store(out + value, part[0]);
        else __builtin_memcpy(out + value, &part[0], sizeof(T) * here);
    }
}

// GC channels in a group, several groups in a vector: the weights of a pixel are [tap][group].
template <class T, int GC>
INLINE void weight_pixel_narrow(const WeightGradient<T>& g, const T* grad, const T* const* at, T* out) {
    constexpr int lanes = Lanes<T>::count;
    const Shape& s = *g.shape;
    const int64_t taps = s.taps();
    for (int64_t tap = 0; tap < taps; ++tap) {
        for (int64_t channel = 0; channel < s.c; channel += GC * lanes) {
            Vec<T> part[GC];
            const int64_t left = (s.c - channel) / lanes, here = left < GC ? left : GC;
            for (int k = 0; k < GC; ++k)
                part[k] = k < here ? load(at[tap] + channel + k * lanes) *
                                         load(grad + channel + k * lanes)
                                   : Vec<T>{};
            Fold<T, GC>::run(part);
            const Vec<T> sums = by_vector<T, GC>(part[0], typename Count<lanes>::type());
            T* to = out + tap * s.groups + channel / GC;
            if (here == GC) store(to, sums);
            else __builtin_memcpy(to, &sums, sizeof(T) * here * (lanes / GC));
        }
    }
}

template <class T>
INLINE void weight_pixel_any(const WeightGradient<T>& g, const T* grad, const T* const* at, T* out) {
    const Shape& s = *g.shape;
    const int64_t taps = s.taps(), gc = s.group_channels;
    for (int64_t group = 0; group < s.groups; ++group)
        for (int64_t tap = 0; tap < taps; ++tap) {
            T sum = 0;
            for (int64_t c = group * gc; c < (group + 1) * gc; ++c) sum += at[tap][c] * grad[c];
            out[group * taps + tap] = sum;
        }
}

// Any kernel, stride and dilation: one pixel after the other, the taps' sources in a table.
template <class T>
void weight_rows(const WeightGradient<T>& g, int64_t n, int64_t row) {
    const Shape& s = *g.shape;
    const T* x = g.x + n * s.h * s.w * s.c;
    const int64_t taps = s.taps();
    const T** at = g.taps;
    for (int64_t column = 0; column < s.wo; ++column) {
        for (int64_t tap = 0; tap < taps; ++tap) {
            const int64_t r = g.rows[row * s.kh + tap / s.kw];
            const int64_t c = g.columns[column * s.kw + tap % s.kw];
            at[tap] = r < 0 || c < 0 ? g.zeros : x + (r * s.w + c) * s.c;
        }
        const int64_t pixel = (n * s.ho + row) * s.wo + column;
        const T* grad = g.grad + pixel * s.c;
        T* out = g.out + pixel * s.groups * taps;
        if (s.group_channels % Lanes<T>::count == 0) weight_pixel_wide(g, grad, at, out);
        else if (!s.groups_innermost) weight_pixel_any(g, grad, at, out);
        else switch (s.group_channels) {
            case 1: weight_pixel_narrow<T, 1>(g, grad, at, out); break;
            case 2: weight_pixel_narrow<T, narrow<T, 2>()>(g, grad, at, out); break;
            case 4: weight_pixel_narrow<T, narrow<T, 4>()>(g, grad, at, out); break;
            case 8: weight_pixel_narrow<T, narrow<T, 8>()>(g, grad, at, out); break;
        }
    }
}

template <class T, int L>
struct Segment {
    typedef T Vec __attribute__((vector_size(L * sizeof(T)), aligned(alignof(T)), may_alias));
};

// The group's channels of the input rows that a band of output rows meets, as planes
// [channel][row][column] with zeros where the window leaves the image.
template <class T>
void planes(const WeightGradient<T>& g, int64_t n, int64_t first, int64_t channel, T* to) {
    const Shape& s = *g.shape;
    for (int64_t q = 0; q < g.plane_rows; ++q) {
        const int64_t row = first * s.sh - s.ph + q;
        const bool inside = row >= 0 && row < s.h;
        const int64_t low = s.pw < g.pitch ? s.pw : g.pitch;
        const int64_t past = !inside ? low : low + s.w < g.pitch ? low + s.w : g.pitch;
        const T* from = g.x + ((n * s.h + row) * s.w - low) * s.c + channel;
        for (int64_t c = 0; c < s.group_channels; ++c) {
            T* line = to + (c * g.plane_rows + q) * g.pitch;
            for (int64_t m = 0; m < low; ++m) line[m] = 0;
            for (int64_t m = past; m < g.pitch; ++m) line[m] = 0;
        }
        int64_t m = low;
        for (; m + 4 <= past; m += 4)
            for (int64_t c = 0; c < s.group_channels; c += 4) {
                typedef typename Segment<T, 4>::Vec V4;
                V4 in[4], pair[4];
                for (int k = 0; k < 4; ++k) in[k] = *(const V4*)(from + (m + k) * s.c + c);
                pair[0] = __builtin_shufflevector(in[0], in[1], 0, 4, 1, 5);
                pair[1] = __builtin_shufflevector(in[0], in[1], 2, 6, 3, 7);
                pair[2] = __builtin_shufflevector(in[2], in[3], 0, 4, 1, 5);
                pair[3] = __builtin_shufflevector(in[2], in[3], 2, 6, 3, 7);
                T* line = to + (c * g.plane_rows + q) * g.pitch + m;
                const int64_t next = g.plane_rows * g.pitch;
                *(V4*)line = __builtin_shufflevector(pair[0], pair[2], 0, 1, 4, 5);
                *(V4*)(line + next) = __builtin_shufflevector(pair[0], pair[2], 2, 3, 6, 7);
                *(V4*)(line + 2 * next) = __builtin_shufflevector(pair[1], pair[3], 0, 1, 4, 5);
                *(V4*)(line + 3 * next) = __builtin_shufflevector(pair[1], pair[3], 2, 3, 6, 7);
            }
        for (; m < past; ++m)
            for (int64_t c = 0; c < s.group_channels; ++c)
                to[(c * g.plane_rows + q) * g.pitch + m] = from[m * s.c + c];
    }
}

// A segment of L lanes in parts that fit a register; as many of them as K lanes need.
template <class T, int L>
constexpr int segment_lanes() { return L < Lanes<T>::count ? L : Lanes<T>::count; }
template <class T, int K, int L>
constexpr int segment_parts() { return (K + segment_lanes<T, L>() - 1) / segment_lanes<T, L>(); }

// Of P neighbouring pixels of one group, the window's rows FIRST to PAST. A row is one segment of L >= K
// lanes of a plane, so that sums over channels need no sum over lanes.
template <class T, int K, int L, int P, int FIRST, int PAST>
INLINE void weight_segment_rows(const WeightGradient<T>& g, const T* plane, const T* grad, T* out,
                                int64_t column) {
    constexpr int lanes = segment_lanes<T, L>(), parts = segment_parts<T, K, L>();
    typedef typename Segment<T, lanes>::Vec V;
    const Shape& s = *g.shape;
    V sum[P][PAST - FIRST][parts] = {};
    for (int64_t c = 0; c < s.group_channels; ++c) {
        const T* from = plane + c * g.plane_rows * g.pitch + column * s.sw;
        for (int u = FIRST; u < PAST; ++u)
            for (int p = 0; p < P; ++p)
                for (int part = 0; part < parts; ++part)
                    sum[p][u - FIRST][part] +=
                        grad[p * s.c + c] *
                        *(const V*)(from + u * s.dh * g.pitch + p * s.sw + part * lanes);
    }
    for (int p = 0; p < P; ++p)
        for (int u = FIRST; u < PAST; ++u)
            for (int part = 0; part < parts; ++part) {
                const int first = u * K + part * lanes;
                T* to = out + p * s.groups * K * K + first;
                const V& lane = sum[p][u - FIRST][part];
                // The lanes behind K are overwritten by the next row, where there is one.
                if (first + lanes <= K * K) *(V*)to = lane;
                else __builtin_memcpy(to, &lane, (K * K - first) * sizeof(T));
            }
}

// All rows of the window, so many at a time that the sums take no more than 7 of 8 registers.
template <class T, int K, int L, int P, int FIRST = 0>
INLINE void weight_segments(const WeightGradient<T>& g, const T* plane, const T* grad, T* out,
                            int64_t column) {
    constexpr int sums = 7 * PIXELS, registers = P * segment_parts<T, K, L>();
    constexpr int most = registers < sums ? sums / registers : 1, passes = (K + most - 1) / most;
    constexpr int rows = (K + passes - 1) / passes, past = FIRST + rows < K ? FIRST + rows : K;
    weight_segment_rows<T, K, L, P, FIRST, past>(g, plane, grad, out, column);
    if constexpr (past < K) weight_segments<T, K, L, P, past>(g, plane, grad, out, column);
}

template <class T, int K, int L, int P>
void weight_band(const WeightGradient<T>& g, int64_t n, int64_t first, int64_t past) {
    const Shape& s = *g.shape;
    for (int64_t group = 0; group < s.groups; ++group) {
        const int64_t channel = group * s.group_channels;
        planes(g, n, first, channel, g.planes);
        for (int64_t row = first; row < past; ++row) {
            const T* plane = g.planes + (row - first) * s.sh * g.pitch;
            const int64_t pixel = (n * s.ho + row) * s.wo;
            const T* grad = g.grad + pixel * s.c + channel;
            T* out = g.out + (pixel * s.groups + group) * K * K;
            int64_t column = 0;
            for (; column + P <= s.wo; column += P)
                weight_segments<T, K, L, P>(g, plane, grad + column * s.c,
                                            out + column * s.groups * K * K, column);
            for (; column < s.wo; ++column)
                weight_segments<T, K, L, 1>(g, plane, grad + column * s.c,
                                            out + column * s.groups * K * K, column);
        }
    }
}

template <class T>
void weight_gradient(const WeightGradient<T>& g, int64_t n, int64_t first, int64_t past) {
    if (g.planes) switch (g.shape->kw) {
        case 3: return weight_band<T, 3, 4, 2 * PIXELS>(g, n, first, past);
        case 5: return weight_band<T, 5, 8, PIXELS>(g, n, first, past);
        case 7: return weight_band<T, 7, 8, PIXELS / 2>(g, n, first, past);
        case 9: return weight_band<T, 9, 16, 1>(g, n, first, past);
    }
    for (int64_t row = first; row < past; ++row) weight_rows(g, n, row);
}

template <class T>
Kernels<T> kernels() { return {gather<T, false>, gather<T, true>, weight_gradient<T>}; }
