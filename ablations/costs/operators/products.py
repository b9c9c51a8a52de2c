"""Matrix products: one multiply-accumulate for each element of the sums. No torch."""

from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import Any

from ablations.costs.operators.einsum import einsum
from ablations.costs.operators.formula import Formula, Shape


def linear(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """x (..., I), weight (O, I) or (I)."""
    x, _, bias = arguments[:3]
    counts = Counter(linear=prod(outputs[0]) * x[-1])
    if bias is not None:
        counts["linear_bias"] = prod(outputs[0])
    return counts


def product(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """The last dimension of the first factor is summed, whatever is broadcast."""
    return Counter(matmul=prod(outputs[0]) * arguments[0][-1])


def added_product(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """A product of the second and third argument, added to the first."""
    return Counter(matmul=prod(outputs[0]) * arguments[1][-1], linear_bias=prod(outputs[0]))


def added_products(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """addbmm: those of a batch, added up."""
    _, first, second = arguments[:3]
    return Counter(matmul=prod(first) * second[-1], linear_bias=prod(outputs[0]))


def inner(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Count a product over the last dimensions; with a scalar, an elementwise product."""
    first, second = arguments[:2]
    return product(arguments, outputs) if first and second else outer(arguments, outputs)


def outer(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Nothing is summed: an elementwise product."""
    return Counter(mul=prod(outputs[0]))


def added_outer(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """An elementwise product and a sum."""
    return Counter(mul=prod(outputs[0]), add=prod(outputs[0]))


def tensordot(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Summed over the dimensions that the third argument lists of the first."""
    first, _, summed = arguments[:3]
    return Counter(matmul=prod(outputs[0]) * prod(first[dim] for dim in summed))


def chain(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Count a chain of matrices, bracketed for the fewest multiply-accumulates."""
    shapes = [*arguments[0]]
    first = (1, *shapes[0]) if len(shapes[0]) == 1 else shapes[0]
    last = (*shapes[-1], 1) if len(shapes[-1]) == 1 else shapes[-1]
    sizes = [first[0], *(shape[0] for shape in shapes[1:]), last[1]]
    least = {(i, i): 0 for i in range(len(shapes))}
    for length in range(1, len(shapes)):
        for i in range(len(shapes) - length):
            j = i + length
            least[i, j] = min(
                least[i, k] + least[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            )
    return Counter(matmul=least[0, len(shapes) - 1])


def _bilinear(rows: int, weight: Shape) -> Counter[str]:
    """y_o = Σᵢ Σⱼ x1ᵢ W_oij x2ⱼ: first the sum over i, then the one over j."""
    o, i, j = weight
    return Counter(matmul=rows * (o * i * j + o * j))


def bilinear(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """x1 (..., I), x2 (..., J), weight (O, I, J)."""
    x, _, weight, bias = arguments[:4]
    counts = _bilinear(prod(x[:-1]), weight)
    if bias is not None:
        counts["linear_bias"] = prod(outputs[0])
    return counts


def trilinear(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """What torch makes of `bilinear`."""
    x, weight = arguments[:2]
    return _bilinear(prod(x[:-1]), weight)


def affine_grid(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Each point of a grid, with a 1 appended, times theta (N, D, D + 1)."""
    return Counter(matmul=prod(outputs[0]) * arguments[0][-1])


PRODUCTS: dict[str, Formula] = {
    "aten::linear": linear,
    **{f"aten::{name}": product for name in ("matmul", "mm", "bmm", "mv", "dot", "vdot")},
    **{f"aten::{name}": added_product for name in ("addmm", "addmv", "baddbmm")},
    "aten::addbmm": added_products,
    "aten::inner": inner,
    "aten::outer": outer,
    "aten::ger": outer,
    "aten::kron": outer,
    "aten::addr": added_outer,
    "aten::tensordot": tensordot,
    "aten::linalg_multi_dot": chain,
    "aten::chain_matmul": chain,
    "aten::einsum": einsum,
    "aten::bilinear": bilinear,
    "aten::_trilinear": trilinear,
    "aten::affine_grid_generator": affine_grid,
}
