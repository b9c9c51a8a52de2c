"""The paper's notation for a kernel generator's form. No torch."""

import re

LINEAR = "W"


def reduction_ratio_of(form: str) -> int | None:
    """r of "r=N" (W1 sigma(W0) with reduction ratio N), None for "W" (one linear map).

    Raises ValueError for anything else.
    """
    if form == LINEAR:
        return None
    match = re.fullmatch(r"r=([1-9][0-9]{0,5})", form)
    if not match:
        raise ValueError(f"generator form must be W or r=N (N a positive integer), got {form!r}")
    return int(match[1])
