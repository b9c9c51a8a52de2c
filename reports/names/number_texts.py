"""How numbers are written. No torch."""

from ablations.costs.conventions import FULL, Convention, printed
from ablations.statistics.estimate import Estimate


def millions(count: int) -> str:
    """Parameters in M, as the paper prints them; small networks with more decimals."""
    return printed(count, 10**6, 1 if count >= 10**6 else 4)


def giga_macs(count: int) -> str:
    """Multiply-accumulates in G, as the full count prints them; more decimals for small ones."""
    return FULL.printed(count) if count >= 10**8 else printed(count, 10**9, 5)


def flops_text(convention: Convention, count: int) -> str:
    """ "FLOPs" in G, as their convention prints them; more decimals for small ones."""
    return convention.printed(count) if count >= 10**8 else printed(count, 10**9, 5)


def whole(value: float) -> str:
    """To the nearest integer."""
    return f"{value:.0f}"


def two_digits(value: float) -> str:
    """To two significant digits, without an exponent."""
    return whole(float(f"{value:.1e}"))


def signed(value: float) -> str:
    """Points with one decimal and a sign; the minus is a minus, and nothing is minus zero."""
    return f"{round(value, 1) + 0.0:+.1f}".replace("-", "−")


def signed_count(change: int) -> str:
    """A change of a count, every digit, with its sign."""
    return f"{change:+,}".replace("-", "−").replace("+0", "0")


def p_text(p: float) -> str:
    """To two significant digits."""
    return f"{p:.2g}"


def points_text(points: float) -> str:
    """ "1 point", "0.5 points"."""
    return f"{points:g} point{'s' * (points != 1)}"


def seeds_text(n: int) -> str:
    """ "1 seed", "8 seeds"."""
    return f"{n} seed{'s' * (n != 1)}"


def trials_text(n: int) -> str:
    """ "1 trial", "12 trials"."""
    return f"{n} trial{'s' * (n != 1)}"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, whichever reads best."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def mean_text(top1: Estimate) -> str | None:
    """Mean Top-1 (%) with half its 95 % interval: 62.8 ± 8.9; None without a mean."""
    return None if top1.mean is None else f"{top1.mean:.1f}{_half(top1)}"


def difference_text(difference: Estimate) -> str | None:
    """Mean difference (points) with half its 95 % interval: −4.1 ± 1.2; None without a mean."""
    return None if difference.mean is None else f"{signed(difference.mean)}{_half(difference)}"


def with_n(text: str | None, estimate: Estimate) -> str | None:
    """A mean's text with the number of its values behind it: 62.8 ± 8.9 (3)."""
    return None if text is None else f"{text} ({estimate.n})"


def _half(estimate: Estimate) -> str:
    return "" if estimate.half_width is None else f" ± {estimate.half_width:.1f}"
