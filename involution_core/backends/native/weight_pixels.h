// Gradient by weight, a pixel at a time: products summed over the channels of a group. See kernels.h.

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

