// Batch normalisation with what follows it, for one instruction set. Included behind kernels.h,
// whose vectors it uses. A map is a matrix [pixel][channel].

// VECTORS vectors of channels of some pixels: sums of two numbers a pixel, which `pair` makes of its
// place. sums: the two rows of channels that they go to.
template <class T, int VECTORS, class Pair>
INLINE void sum_block(int64_t channels, int64_t channel, int64_t pixels, T* sums, const Pair& pair) {
    constexpr int lanes = Lanes<T>::count;
    Vec<T> first[VECTORS] = {}, second[VECTORS] = {};
    for (int64_t pixel = 0; pixel < pixels; ++pixel)
        for (int k = 0; k < VECTORS; ++k) {
            Vec<T> a, b;
            pair(pixel * channels + channel + k * lanes, channel + k * lanes, a, b);
            first[k] += a;
            second[k] += b;
        }
    for (int k = 0; k < VECTORS; ++k) {
        store(sums + channel + k * lanes, first[k]);
        store(sums + channels + channel + k * lanes, second[k]);
    }
}

// The same over all channels; `single` makes the pair of one element.
template <class T, class Pair, class Single>
INLINE void sum_pixels(int64_t channels, int64_t pixels, T* sums, const Pair& pair,
                       const Single& single) {
    constexpr int lanes = Lanes<T>::count;
    int64_t channel = 0;
    for (; channel + 4 * lanes <= channels; channel += 4 * lanes)
        sum_block<T, 4>(channels, channel, pixels, sums, pair);
    for (; channel + lanes <= channels; channel += lanes)
        sum_block<T, 1>(channels, channel, pixels, sums, pair);
    for (; channel < channels; ++channel) {
        T first = 0, second = 0;
        for (int64_t pixel = 0; pixel < pixels; ++pixel) {
            T a, b;
            single(pixel * channels + channel, channel, a, b);
            first += a;
            second += b;
        }
        sums[channel] = first;
        sums[channels + channel] = second;
    }
}

// Sums of x - pivot and of its square: `pivot`, a pixel, keeps them small beside the mean.
template <class T>
void norm_moments(const T* x, const T* pivot, int64_t channels, int64_t pixels, T* sums) {
    sum_pixels<T>(
        channels, pixels, sums,
        [=](int64_t at, int64_t channel, Vec<T>& a, Vec<T>& b) INLINE_LAMBDA {
            a = load(x + at) - load(pivot + channel);
            b = a * a;
        },
        [=](int64_t at, int64_t channel, T& a, T& b) INLINE_LAMBDA {
            a = x[at] - pivot[channel];
            b = a * a;
        });
}

// Every element of some pixels, in vectors and behind the last one alone.
template <class T, class Step, class Single>
INLINE void each_element(int64_t channels, int64_t pixels, const Step& step, const Single& single) {
    constexpr int lanes = Lanes<T>::count;
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
        const int64_t row = pixel * channels;
        int64_t channel = 0;
        for (; channel + lanes <= channels; channel += lanes) step(row + channel, channel);
        for (; channel < channels; ++channel) single(row + channel, channel);
    }
}

template <class T>
INLINE Vec<T> positive(Vec<T> v) { return v > Vec<T>{} ? v : Vec<T>{}; }

// `grad` where `out` is positive, else zero.
template <class T>
INLINE Vec<T> passed(Vec<T> grad, Vec<T> out) { return out > Vec<T>{} ? grad : Vec<T>{}; }

template <class T, bool ADDED, bool RELU>
void norm_apply_as(const Norm<T>& n, int64_t first, int64_t pixels) {
    const int64_t c = n.channels, from = first * c;
    const T *x = n.x + from, *added = ADDED ? n.added + from : nullptr;
    const T *mean = n.mean, *scale = n.scale, *shift = n.shift;
    T* out = n.out + from;
    each_element<T>(
        c, pixels,
        [=](int64_t at, int64_t k) INLINE_LAMBDA {
            Vec<T> y = (load(x + at) - load(mean + k)) * load(scale + k) + load(shift + k);
            if (ADDED) y += load(added + at);
            store(out + at, RELU ? positive<T>(y) : y);
        },
        [=](int64_t at, int64_t k) INLINE_LAMBDA {
            T y = (x[at] - mean[k]) * scale[k] + shift[k];
            if (ADDED) y += added[at];
            out[at] = RELU && !(y > 0) ? T(0) : y;
        });
}

template <class T>
void norm_apply(const Norm<T>& n, int64_t first, int64_t pixels) {
    if (n.added) n.relu ? norm_apply_as<T, true, true>(n, first, pixels)
                        : norm_apply_as<T, true, false>(n, first, pixels);
    else n.relu ? norm_apply_as<T, false, true>(n, first, pixels)
                : norm_apply_as<T, false, false>(n, first, pixels);
}

// Sums of the gradient behind the ReLU and of its product with x - mean.
template <class T, bool RELU>
void norm_grad_sums_as(const Norm<T>& n, int64_t first, int64_t pixels, T* sums) {
    const int64_t c = n.channels, from = first * c;
    const T *x = n.x + from, *grad = n.grad + from, *out = n.out + from, *mean = n.mean;
    sum_pixels<T>(
        c, pixels, sums,
        [=](int64_t at, int64_t k, Vec<T>& a, Vec<T>& b) INLINE_LAMBDA {
            a = RELU ? passed<T>(load(grad + at), load(out + at)) : load(grad + at);
            b = a * (load(x + at) - load(mean + k));
        },
        [=](int64_t at, int64_t k, T& a, T& b) INLINE_LAMBDA {
            a = !RELU || out[at] > 0 ? grad[at] : T(0);
            b = a * (x[at] - mean[k]);
        });
}

template <class T>
void norm_grad_sums(const Norm<T>& n, int64_t first, int64_t pixels, T* sums) {
    n.relu ? norm_grad_sums_as<T, true>(n, first, pixels, sums)
           : norm_grad_sums_as<T, false>(n, first, pixels, sums);
}

// Gradient by x: scale * grad + slope * (x - mean) + offset; and what passed the ReLU, the gradient
// by what was added.
template <class T, bool ADDED, bool RELU>
void norm_grad_as(const Norm<T>& n, int64_t first, int64_t pixels) {
    const int64_t c = n.channels, from = first * c;
    const T *x = n.x + from, *grad = n.grad + from, *out = n.out + from;
    const T *mean = n.mean, *scale = n.scale, *slope = n.slope, *offset = n.offset;
    T *grad_x = n.grad_x + from, *grad_added = ADDED ? n.grad_added + from : nullptr;
    each_element<T>(
        c, pixels,
        [=](int64_t at, int64_t k) INLINE_LAMBDA {
            const Vec<T> g = RELU ? passed<T>(load(grad + at), load(out + at)) : load(grad + at);
            if (ADDED) store(grad_added + at, g);
            store(grad_x + at, load(scale + k) * g + load(slope + k) * (load(x + at) - load(mean + k)) +
                                   load(offset + k));
        },
        [=](int64_t at, int64_t k) INLINE_LAMBDA {
            const T g = !RELU || out[at] > 0 ? grad[at] : T(0);
            if (ADDED) grad_added[at] = g;
            grad_x[at] = scale[k] * g + slope[k] * (x[at] - mean[k]) + offset[k];
        });
}

template <class T>
void norm_grad(const Norm<T>& n, int64_t first, int64_t pixels) {
    if (n.grad_added) n.relu ? norm_grad_as<T, true, true>(n, first, pixels)
                             : norm_grad_as<T, true, false>(n, first, pixels);
    else n.relu ? norm_grad_as<T, false, true>(n, first, pixels)
                : norm_grad_as<T, false, false>(n, first, pixels);
}

template <class T>
NormKernels<T> norm_kernels() {
    return {norm_moments<T>, norm_apply<T>, norm_grad_sums<T>, norm_grad<T>};
}
