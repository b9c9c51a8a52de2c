"""The sign-flip test of the mean of paired differences, and Holm's correction. No torch.

If each difference is equally likely with either sign, all 2^n choices of signs are equally likely.
p is the share of them whose mean is at least as extreme as the observed one.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ablations.statistics.estimate import TIE

ALPHA = 0.05
"""Maximum probability of any false "better" or "worse" among contrasts corrected together."""

Name = TypeVar("Name")

EXACT_PAIRS = 20
"""Maximum pairs for which all sign flips are tried; beyond, FLIPS random ones are."""

FLIPS = 99_999

_FLIP_SEED = 20_210_310

Reaching = Callable[[NDArray[np.float64]], NDArray[np.bool_]]
"""Function from sums to whether each is as extreme as the observed one."""


def sign_flip_p(differences: NDArray[np.float64]) -> float:
    """Return the two-sided p of the mean of `differences`, shape (n,), n >= 1.

    Exact up to EXACT_PAIRS. Beyond, (b + 1)/(m + 1) for b of m random flips, the same m at each
    call; it keeps the test's level (Phipson and Smyth 2010). Sums within TIE of the observed one
    count as reaching it.
    """
    least = abs(differences.sum()) - TIE
    return _share(lambda sums: np.abs(sums) >= least, differences)


def sign_flip_p_above(differences: NDArray[np.float64]) -> float:
    """Return the one-sided p against a mean of at most zero, from the same flips."""
    least = differences.sum() - TIE
    if len(differences) > EXACT_PAIRS:
        return _share(lambda sums: sums >= least, differences)
    sums = _sums(differences)
    return float((np.mean(sums >= least) + np.mean(-sums >= least)) / 2)


def smallest_p(n: int, sides: int = 2) -> float:
    """Return the smallest possible p of n >= 1 differences: sides / 2^n while exact."""
    return sides * 2.0**-n if n <= EXACT_PAIRS else 1 / (FLIPS + 1)


def seeds_needed(comparisons: int, alpha: float = ALPHA, sides: int = 2) -> int:
    """Return the smallest n with `comparisons` * sides / 2^n, the first step of Holm, within alpha.

    With fewer seeds no variant can be found better or worse than the baseline. With exactly n the
    first one found must be better, or worse, at every seed.
    """
    return next(n for n in count(1) if comparisons * sides * 2.0**-n <= alpha)


def holm(ps: Sequence[float]) -> list[float]:
    """Return the adjusted p values of testing all of `ps`, in their order (Holm 1979)."""
    adjusted = [0.0] * len(ps)
    highest = 0.0
    for step, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        highest = max(highest, min(1.0, (len(ps) - step) * ps[index]))
        adjusted[index] = highest
    return adjusted


def holm_by_name(ps: Mapping[Name, float]) -> dict[Name, float]:
    """Return the adjusted p values by name; see `holm`."""
    return dict(zip(ps, holm(list(ps.values())), strict=True))


def _share(reaching: Reaching, differences: NDArray[np.float64]) -> float:
    """Return the share of flips whose sum reaches the observed one."""
    if len(differences) <= EXACT_PAIRS:
        return float(np.mean(reaching(_sums(differences))))
    rng = np.random.default_rng(_FLIP_SEED)
    sums = np.zeros(FLIPS)
    for difference in differences:
        sums += np.where(rng.integers(0, 2, FLIPS, dtype=np.int8), difference, -difference)
    return float((np.sum(reaching(sums)) + 1) / (FLIPS + 1))


def _sums(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of all flips that keep the first sign; the others are their negatives."""
    sums = differences[:1]
    for difference in differences[1:]:
        sums = np.concatenate([sums + difference, sums - difference])
    return sums
