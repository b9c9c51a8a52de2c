"""Scaled dot-product attention. No torch."""

from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import Any

from ablations.costs.formulas import SOFTMAX_OPERATIONS
from ablations.costs.operators.formula import Formula, Shape


def attention(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Two products over all positions; a mask, causal too, saves none of them.

    query (..., L, E), key (..., S, E), value (..., S, V), output (..., L, V); with fewer heads of
    keys than of queries, each serves several.
    """
    query, key, value = arguments[:3]
    rows = prod(outputs[0][:-1])
    return Counter(
        attention=rows * key[-2] * (query[-1] + value[-1]),
        mul=rows * query[-1],
        softmax=SOFTMAX_OPERATIONS * rows * key[-2],
    )


ATTENTION: dict[str, Formula] = {
    "aten::scaled_dot_product_attention": attention,
    "aten::_scaled_dot_product_flash_attention_for_cpu": attention,
    "aten::_scaled_dot_product_flash_attention": attention,
    "aten::_scaled_dot_product_efficient_attention": attention,
    "aten::_scaled_dot_product_cudnn_attention": attention,
}
