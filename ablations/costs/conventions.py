"""What "FLOPs" means, for each source of a number. No torch.

One FLOP is one multiply-accumulate (MAC) in all of them. The authors do not say which operators
they count; ABLATION and ZOO are reconstructions that meet every printed figure, ENVELOPE one that
meets the points of two printed pictures as well as they can be read. Other near-identical ones
(with the inputs of pooling added to ZOO, say, or left out of ENVELOPE) would meet them as well.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal


@dataclass(frozen=True)
class Convention:
    """Which operators of a network (see `network_cost.OPERATORS`) add up to its "FLOPs".

    printed: how the sum is printed, in G.
    """

    name: str
    meaning: str
    operators: tuple[str, ...]
    printed: Callable[[int], str]

    def count(self, operations: Mapping[str, int]) -> int:
        return sum(operations.get(operator, 0) for operator in self.operators)


def printed(count: int, unit: int, digits: int, rounding: str = ROUND_HALF_EVEN) -> str:
    """Return count / unit with `digits` decimals, in exact arithmetic."""
    return str((Decimal(count) / unit).quantize(Decimal(1).scaleb(-digits), rounding=rounding))


MATRIX_PRODUCTS = ("matmul", "attention", "rnn", "bmm", "addmm", "mm", "mv", "einsum")
"""What the networks here do not have and a user's may; from bmm on, in records of earlier runs."""

FULL = Convention(
    "full",
    "multiply-accumulates of every convolution, of the classifier and of every involution's "
    "aggregation, HW K² C, as in the paper's closed form (attention: and of its query-key product, "
    "HW K² C as well); rounded",
    ("conv", "linear", "involution", "query_key", *MATRIX_PRODUCTS, "custom"),
    lambda count: printed(count, 10**9, 2),
)

ABLATION = Convention(
    "ablation",
    "convolutions with their bias, the classifier and 2 per element of every BatchNorm output, "
    "without the involution's own HW K² C; cut, not rounded, to one decimal",
    ("conv", "conv_bias", "linear", "batch_norm"),
    lambda count: printed(count, 10**9, 1, ROUND_DOWN),
)

ZOO = Convention(
    "zoo",
    "convolutions with their bias, the classifier, 2 per element of every BatchNorm output, "
    "1 per element of every ReLU and the involution's HW K² C; rounded to two decimals; "
    "the stem's involution is 7x7, as in the authors' detection and segmentation code (their "
    "classification code has 3x3, with which the five FLOPs come out up to 0.03 short and "
    "RedNet-152 at 33.98 M, not the printed 33.99)",
    ("conv", "conv_bias", "linear", "batch_norm", "relu", "involution"),
    lambda count: printed(count, 10**9, 2),
)

ENVELOPE = Convention(
    "envelope",
    "convolutions with their bias, the classifier, 2 per element of every BatchNorm output, "
    "1 per element of every ReLU output and of every pooling input and the involution's HW K² C; "
    "rounded to two decimals",
    ("conv", "conv_bias", "linear", "batch_norm", "relu", "pool", "involution"),
    lambda count: printed(count, 10**9, 2),
)
"""RedNet with the classification code's 3x3 stem lies within 0.04 G of the points, ResNet within
0.002 G; the error of reading them is 0.05 G. The full count is off by up to 0.07 G (ResNet) and
0.12 G (RedNet), the ablations' by 0.23 G (RedNet). The points do not show whether pooling or
biases count, or whether the stem was 7x7; ZOO's operators fit as well."""

CONVENTIONS = {convention.name: convention for convention in (FULL, ABLATION, ZOO, ENVELOPE)}
