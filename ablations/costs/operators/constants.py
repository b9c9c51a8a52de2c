"""What a network takes from outside of torch while it runs. No torch."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ablations.costs.operators.formula import Formula, Shape
from ablations.costs.uncounted_operator import UncountedOperator


def _lifted(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Numbers and lists of them are constants; a larger array may have been computed by NumPy,
    where no counter sees it."""
    if any(len(shape) > 1 for shape in outputs):
        raise UncountedOperator({"aten::lift_fresh"})
    return Counter()


CONSTANTS: dict[str, Formula] = {"aten::lift_fresh": _lifted}
