// Vectors of one instruction set, and how a vector of channels meets its weight. See kernels.h.

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
