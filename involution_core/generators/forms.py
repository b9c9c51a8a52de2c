"""The paper's notation for a kernel generator's form. No torch."""

import re

LINEAR = "W"
ATTENTION = "attention"


def reduction_ratio_of(form: str) -> int | None:
    """Return the reduction ratio that a form names.

    Args:
        form: "r=N" for W₁σ(W₀) with reduction ratio N, "W" for one linear map, or "attention".

    Returns:
        N, and None for the two forms without a reduction ratio.

    Raises:
        ValueError: `form` is none of these.

    Examples:
        >>> reduction_ratio_of("r=4"), reduction_ratio_of("W")
        (4, None)
    """
    if form in (LINEAR, ATTENTION):
        return None
    match = re.fullmatch(r"r=([1-9][0-9]{0,5})", form)
    if not match:
        raise ValueError(
            f"generator form must be W, r=N (N a positive integer) or attention, got {form!r}"
        )
    return int(match[1])
