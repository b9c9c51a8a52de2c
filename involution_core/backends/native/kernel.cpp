// The CPU kernel's C interface: choice of instruction set, threads, tables of sources.
//
// Every output element is computed by one thread in one order, so results do not depend on the
// number of threads. Nothing here knows of Python or of torch.

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

#define INLINE inline __attribute__((always_inline))

namespace {

constexpr int64_t LONGEST_SEGMENT = 16, LONGEST_STRIP = 32;

struct Shape {
    int64_t n, h, w, c, groups, kh, kw, sh, sw, ph, pw, dh, dw, ho, wo, groups_innermost;
    int64_t group_channels;
    int64_t taps() const { return kh * kw; }
};

// A pass that makes every pixel of `out` from pixels of `source`; the weights are those of the
// output's grid. rows[row * kh + u] is the source row of a tap, -1 outside; columns in the same way.
// unit: neighbours in a row have neighbouring sources (column stride and dilation 1).
template <class T>
struct Gather {
    const Shape* shape;
    const T* source;
    const T* weight;
    T* out;
    int64_t source_h, source_w, out_h, out_w;
    const int32_t* rows;
    const int32_t* columns;
    bool unit;
};

template <class T>
struct WeightGradient {
    const Shape* shape;
    const T* grad;
    const T* x;
    T* out;
    const int32_t* rows;
    const int32_t* columns;
    const T* zeros;      // as many as channels; what a tap outside the image sees
    const T** taps;      // room for a pointer a tap
    T* planes;           // room for the planes of a group, null where they are not used
    int64_t plane_rows;  // input rows that a band of output rows meets
    int64_t strip;       // output columns that share a plane
    int64_t pitch;       // columns of a plane, segments that hang over included
};

template <class T>
struct Kernels {
    void (*forward)(const Gather<T>&, int64_t n, int64_t first, int64_t past);
    void (*grad_input)(const Gather<T>&, int64_t n, int64_t first, int64_t past);
    void (*grad_weight)(const WeightGradient<T>&, int64_t n, int64_t first, int64_t past);
};

namespace baseline {
#define VEC_BYTES 16
#ifdef __aarch64__
#define PIXELS 4
#else
#define PIXELS 2
#endif
#include "kernels.h"
#undef VEC_BYTES
#undef PIXELS
}  // namespace baseline

#ifdef __x86_64__
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace avx2 {
#define VEC_BYTES 32
#define PIXELS 2
#include "kernels.h"
#undef VEC_BYTES
#undef PIXELS
}  // namespace avx2
#ifdef __clang__
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), \
                             apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")
#endif
namespace avx512 {
#define VEC_BYTES 64
#define PIXELS 4
#include "kernels.h"
#undef VEC_BYTES
#undef PIXELS
}  // namespace avx512
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

struct InstructionSet {
    const char* name;
    int64_t vector_bytes;
    bool (*present)();
    Kernels<float> (*single)();
    Kernels<double> (*twice)();
};

bool always() { return true; }
#ifdef __x86_64__
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif

const InstructionSet SETS[] = {
#ifdef __x86_64__
    {"avx512", 64, has_avx512, avx512::kernels<float>, avx512::kernels<double>},
    {"avx2", 32, has_avx2, avx2::kernels<float>, avx2::kernels<double>},
#endif
    {"baseline", 16, always, baseline::kernels<float>, baseline::kernels<double>},
};
constexpr int SET_COUNT = sizeof(SETS) / sizeof(SETS[0]);

const InstructionSet* first_present() {
    for (const InstructionSet& set : SETS)
        if (set.present()) return &set;
    return &SETS[SET_COUNT - 1];
}

const InstructionSet* chosen = first_present();

template <class T> Kernels<T> chosen_kernels();
template <> Kernels<float> chosen_kernels() { return chosen->single(); }
template <> Kernels<double> chosen_kernels() { return chosen->twice(); }

// OpenMP's own entry point, so that the threads are those that torch already runs.
typedef void (*Parallel)(void (*)(void*), void*, unsigned, unsigned);
Parallel openmp = nullptr;

template <class Body>
struct Work {
    const Body* body;
    int64_t tasks;
    std::atomic<int64_t> next{0};
    static void run(void* self) {
        Work& work = *static_cast<Work*>(self);
        for (int64_t task; (task = work.next.fetch_add(1)) < work.tasks;) (*work.body)(task);
    }
};

// body(task) for every task, by up to `threads` threads.
template <class Body>
void parallel_for(int64_t tasks, int64_t threads, const Body& body) {
    Work<Body> work;
    work.body = &body;
    work.tasks = tasks;
    if (threads > tasks) threads = tasks;
    if (threads <= 1) return Work<Body>::run(&work);
    if (openmp) return openmp(Work<Body>::run, &work, unsigned(threads), 0);
    std::vector<std::thread> others;
    for (int64_t i = 1; i < threads; ++i) others.emplace_back(Work<Body>::run, &work);
    Work<Body>::run(&work);
    for (std::thread& other : others) other.join();
}

// rows(image, first, past) for all of the images' rows, neighbours by the same thread: they share
// sources.
template <class Rows>
void parallel_rows(int64_t images, int64_t height, int64_t threads, const Rows& rows) {
    const int64_t chunk = height < 64 ? (height + 3) / 4 : 16;
    const int64_t chunks = (height + chunk - 1) / chunk;
    parallel_for(images * chunks, threads, [&](int64_t task) {
        const int64_t first = task % chunks * chunk;
        const int64_t past = first + chunk < height ? first + chunk : height;
        rows(task / chunks, first, past);
    });
}

// A large result is mostly fresh memory, whose first touch costs more than the arithmetic: asks for
// huge pages where Linux gives them on request. Only a hint; nothing depends on its being heard.
void expect_writes(void* data, int64_t bytes) {
#ifdef MADV_HUGEPAGE
    constexpr uintptr_t huge = 1 << 21;
    const uintptr_t first = (reinterpret_cast<uintptr_t>(data) + huge - 1) / huge * huge;
    const uintptr_t past = (reinterpret_cast<uintptr_t>(data) + bytes) / huge * huge;
    if (past > first) madvise(reinterpret_cast<void*>(first), past - first, MADV_HUGEPAGE);
#else
    (void)data, (void)bytes;
#endif
}

Shape read_shape(const int64_t* f) {
    return {f[0], f[1], f[2],  f[3],  f[4],  f[5],  f[6],  f[7],       f[8],
            f[9], f[10], f[11], f[12], f[13], f[14], f[15], f[3] / f[4]};
}

// Input row (column) of each tap of each output row (column), -1 outside the input.
std::vector<int32_t> inputs(int64_t out, int64_t k, int64_t stride, int64_t pad, int64_t dilation,
                            int64_t size) {
    std::vector<int32_t> table(out * k);
    for (int64_t i = 0; i < out; ++i)
        for (int64_t u = 0; u < k; ++u) {
            const int64_t at = i * stride + u * dilation - pad;
            table[i * k + u] = at >= 0 && at < size ? int32_t(at) : -1;
        }
    return table;
}

// Output row (column) whose tap u meets each input row (column), -1 where there is none.
std::vector<int32_t> outputs(int64_t out, int64_t k, int64_t stride, int64_t pad, int64_t dilation,
                             int64_t size) {
    std::vector<int32_t> table(size * k, -1);
    for (int64_t i = 0; i < out; ++i)
        for (int64_t u = 0; u < k; ++u) {
            const int64_t at = i * stride + u * dilation - pad;
            if (at >= 0 && at < size) table[at * k + u] = int32_t(i);
        }
    return table;
}

template <class T>
void forward(const int64_t* fields, const T* x, const T* weight, T* out, int64_t threads) {
    const Shape s = read_shape(fields);
    const auto rows = inputs(s.ho, s.kh, s.sh, s.ph, s.dh, s.h);
    const auto columns = inputs(s.wo, s.kw, s.sw, s.pw, s.dw, s.w);
    const Gather<T> g{&s,   x,    weight,      out,            s.h,
                      s.w,  s.ho, s.wo,        rows.data(),    columns.data(),
                      s.sw == 1 && s.dw == 1};
    expect_writes(out, s.n * s.ho * s.wo * s.c * sizeof(T));
    const auto rows_of = chosen_kernels<T>().forward;
    parallel_rows(s.n, s.ho, threads, [&](int64_t n, int64_t first, int64_t past) {
        rows_of(g, n, first, past);
    });
}

template <class T>
void grad_input(const int64_t* fields, const T* grad, const T* weight, T* out, int64_t threads) {
    const Shape s = read_shape(fields);
    const auto rows = outputs(s.ho, s.kh, s.sh, s.ph, s.dh, s.h);
    const auto columns = outputs(s.wo, s.kw, s.sw, s.pw, s.dw, s.w);
    const Gather<T> g{&s,   grad, weight,      out,            s.ho,
                      s.wo, s.h,  s.w,         rows.data(),    columns.data(),
                      s.sw == 1 && s.dw == 1};
    expect_writes(out, s.n * s.h * s.w * s.c * sizeof(T));
    const auto rows_of = chosen_kernels<T>().grad_input;
    parallel_rows(s.n, s.h, threads, [&](int64_t n, int64_t first, int64_t past) {
        rows_of(g, n, first, past);
    });
}

template <class T>
void grad_weight(const int64_t* fields, const T* grad, const T* x, T* out, int64_t threads) {
    const Shape s = read_shape(fields);
    const auto rows = inputs(s.ho, s.kh, s.sh, s.ph, s.dh, s.h);
    const auto columns = inputs(s.wo, s.kw, s.sw, s.pw, s.dw, s.w);
    const std::vector<T> zeros(s.c, T(0));
    const bool square = s.kh == s.kw && s.kw >= 3 && s.kw <= 9 && s.kw % 2 == 1;
    const bool use_planes = square && s.dw == 1 && s.group_channels % 16 == 0;
    const int64_t band = use_planes && s.ho > 2 * s.kh ? 2 * s.kh : use_planes ? s.ho : 1;
    const int64_t bands = (s.ho + band - 1) / band;
    const int64_t plane_rows = (band - 1) * s.sh + (s.kh - 1) * s.dh + 1;
    const int64_t strips = (s.wo + LONGEST_STRIP - 1) / LONGEST_STRIP;
    const int64_t strip = (s.wo + strips - 1) / strips;
    const int64_t pitch = (strip - 1) * s.sw + LONGEST_SEGMENT;
    expect_writes(out, s.n * s.ho * s.wo * s.groups * s.taps() * sizeof(T));
    const auto kernel = chosen_kernels<T>().grad_weight;
    parallel_for(s.n * bands, threads, [&](int64_t task) {
        thread_local std::vector<const T*> taps;
        thread_local std::vector<T> planes;
        taps.resize(s.taps());
        if (use_planes) planes.resize(s.group_channels * plane_rows * pitch);
        const WeightGradient<T> g{&s,          grad,         x,
                                  out,         rows.data(),  columns.data(),
                                  zeros.data(), taps.data(), use_planes ? planes.data() : nullptr,
                                  plane_rows,  strip,        pitch};
        const int64_t first = task % bands * band;
        kernel(g, task / bands, first, first + band < s.ho ? first + band : s.ho);
    });
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void involution_use_openmp(void* parallel) { openmp = reinterpret_cast<Parallel>(parallel); }

EXPORT int64_t involution_set_count() { return SET_COUNT; }
EXPORT const char* involution_set_name(int64_t i) { return SETS[i].name; }
EXPORT int64_t involution_set_present(int64_t i) { return SETS[i].present(); }
EXPORT const char* involution_chosen() { return chosen->name; }
EXPORT void involution_choose(int64_t i) { chosen = &SETS[i]; }
EXPORT int64_t involution_vector_bytes() { return chosen->vector_bytes; }

#define EXPORT_FOR(T, SUFFIX)                                                                     \
    EXPORT void involution_forward_##SUFFIX(const int64_t* shape, const T* x, const T* weight,    \
                                            T* out, int64_t threads) {                            \
        forward(shape, x, weight, out, threads);                                                  \
    }                                                                                             \
    EXPORT void involution_grad_input_##SUFFIX(const int64_t* shape, const T* grad,               \
                                               const T* weight, T* out, int64_t threads) {        \
        grad_input(shape, grad, weight, out, threads);                                            \
    }                                                                                             \
    EXPORT void involution_grad_weight_##SUFFIX(const int64_t* shape, const T* grad, const T* x,  \
                                                T* out, int64_t threads) {                        \
        grad_weight(shape, grad, x, out, threads);                                                \
    }
EXPORT_FOR(float, f32)
EXPORT_FOR(double, f64)
