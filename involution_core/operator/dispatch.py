"""The operator, and the product of windows, called along the route that the call needs.

Shapes: x and key (N, C, H, W), weight (N, G, Kh, Kw, Ho, Wo), query and the output (N, C, Ho, Wo).
"""

from torch import Tensor

from involution_core.backends.table import Backend
from involution_core.operator.derivatives import grad_weight, involution
from involution_core.operator.layout import map_like, weight_like
from involution_core.operator.route import Route, route_of
from involution_core.operator.shapes import Window


def aggregate(x: Tensor, weight: Tensor, window: Window, backend: Backend) -> Tensor:
    """Return the sum of weight * x over each window, (N, C, Ho, Wo) in x's layout."""
    route = route_of(x, weight, backend.composed)
    if route is Route.COMPOSED:
        return map_like(x, backend.forward(x, weight, window))
    _, stride, padding, dilation = window
    return involution.along(route, x, weight, stride, padding, dilation, backend.name)


def products(query: Tensor, key: Tensor, groups: int, window: Window, backend: Backend) -> Tensor:
    """Return each query times the keys of its window, (N, G, Kh, Kw, Ho, Wo) in query's layout."""
    route = route_of(query, key, backend.composed)
    if route is Route.COMPOSED:
        return weight_like(query, backend.grad_weight(query, key, window, groups), False)
    return grad_weight.along(route, query, key, groups, *window, backend.name)
