"""The paper's notation for a kernel generator's form. No torch."""

import re

LINEAR = "W"
ATTENTION = "attention"


def reduction_ratio_of(form: str) -> int | None:
    """r of "r=N" (W1 sigma(W0) with reduction ratio N), None for the forms without one: "W" (one
    linear map) and "attention" (queries times keys).

    Raises ValueError for anything else.
    """
    if form in (LINEAR, ATTENTION):
        return None
    match = re.fullmatch(r"r=([1-9][0-9]{0,5})", form)
    if not match:
        raise ValueError(
            f"generator form must be W, r=N (N a positive integer) or attention, got {form!r}"
        )
    return int(match[1])
