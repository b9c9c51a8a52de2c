"""What a formula of an operator is. No torch."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

Shape = tuple[int, ...]

Formula = Callable[[Sequence[Any], Sequence[Shape]], Counter[str]]
"""From an operator's arguments, in the order of its schema, and the shapes of its outputs, to
counts by the names in `network_cost.OPERATORS`. An argument that is a tensor is given by its shape,
a tuple; a list by its elements; a missing one is None."""
