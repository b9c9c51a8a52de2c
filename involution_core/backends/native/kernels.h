// The operator and its adjoints for one instruction set. Included once for each, inside a separate
// namespace, with VEC_BYTES (bytes of a vector register) and PIXELS (pixels computed side by side: 2
// where there are 16 such registers, 4 where there are 32) defined. Nothing of the standard library is
// instantiated here: such code would be shared between instruction sets.
//
// Layouts, innermost last: maps [n][row][column][channel]; weights [n][row][column][group][tap], or
// [n][row][column][tap][group] where a group is narrower than a vector ("Narrow" below).

#include "vectors.h"

#include "gather.h"
#if PIXELS == 2
#include "gather_tiles.h"
#endif
#include "weight_pixels.h"

#include "weight_bands.h"

template <class T, bool ADJOINT>
void gather(const Gather<T>& g, int64_t n, int64_t first, int64_t past) {
#if PIXELS == 2
    if (tiled<T, ADJOINT>(g, n, first, past)) return;
#endif
    for (int64_t row = first; row < past; ++row) gather_untiled<T, ADJOINT>(g, n, row);
}

template <class T>
Kernels<T> kernels() { return {gather<T, false>, gather<T, true>, weight_gradient<T>}; }
