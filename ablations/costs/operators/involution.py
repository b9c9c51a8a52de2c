"""This project's own operators. No torch."""

from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import Any

from ablations.costs.operators.formula import Formula, Shape


def involution(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """K² for each output element; weight is (N, G, Kh, Kw, Ho, Wo)."""
    return Counter(involution=prod(outputs[0]) * prod(arguments[1][2:4]))


def query_key(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """K² for each element of the query; the output is (N, G, Kh, Kw, Ho, Wo)."""
    return Counter(query_key=prod(arguments[0]) * prod(outputs[0][2:4]))


INVOLUTIONS: dict[str, Formula] = {
    "involution_core::involution2d": involution,
    "involution_core::involution2d_grad_weight": query_key,
}
