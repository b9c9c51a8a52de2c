"""The operator and the product of windows, called as the moment asks: by a backend or composed.

Mostly a backend runs, in one of the ways of `derivatives`, and tracers see one operator of this
package at most. Where that will not do (`graphs.is_composing`), the backends that are made of
torch's own operators are called as they are. Shapes: x and key (N, C, H, W), weight (N, G, Kh, Kw,
Ho, Wo), query and the output (N, C, Ho, Wo).
"""

from torch import Tensor

from involution_core.backends.table import Backend
from involution_core.derivatives import grad_weight, involution
from involution_core.graphs import is_composing
from involution_core.layout import map_like, weight_like
from involution_core.shapes import Window


def aggregate(x: Tensor, weight: Tensor, window: Window, backend: Backend) -> Tensor:
    """Y = sum over the window of weight * x, (N, C, Ho, Wo) in x's layout."""
    if backend.composed and is_composing():
        return map_like(x, backend.forward(x, weight, window))
    return involution(x, weight, window.stride, window.padding, window.dilation, backend.name)


def products(query: Tensor, key: Tensor, groups: int, window: Window, backend: Backend) -> Tensor:
    """Each query times the keys of its window, (N, G, Kh, Kw, Ho, Wo) in query's layout."""
    if backend.composed and is_composing():
        return weight_like(query, backend.grad_weight(query, key, window, groups), False)
    return grad_weight(query, key, groups, *window, backend.name)
