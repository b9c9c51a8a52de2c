"""Recurrent layers: every weight once at each step. No torch."""

from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import Any

from ablations.costs.operators.formula import Formula, Shape


def recurrent(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """The input is (steps, images, I) or its transpose, or packed, (steps of all, I).

    The matrices among the weights are linear maps: of the input, the state and an LSTM's
    projection, of each layer and direction.
    """
    weights = [each for each in arguments if isinstance(each, list)][-1]
    steps = prod(arguments[0][:-1])
    return Counter(rnn=steps * sum(prod(weight) for weight in weights if len(weight) == 2))


def one_layer(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """oneDNN's: the input, its weight, the state's weight and their biases."""
    x, of_input, of_state = arguments[:3]
    return Counter(rnn=prod(x[:-1]) * (prod(of_input) + prod(of_state)))


RECURRENT: dict[str, Formula] = {
    **{f"aten::{name}": recurrent for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
    "aten::mkldnn_rnn_layer": one_layer,
}
