"""What a study can find before it is run: the power of its verdicts. No torch.

For paired differences that are normal around the true one. A variant is found when its verdict is
"better" or "worse", whichever is true, at the first step of Holm: at p <= alpha/comparisons. Later
steps ask for less, so a study finds at least as much as is promised here.

The standard deviation is the caller's, and what three or five seeds say of it is vague: at n = 3
the 95 % interval of a standard deviation runs from 0.52 to 6.3 times the sample's, at n = 6 from
0.62 to 2.5 times, at n = 10 from 0.69 to 1.8 times. A detectable difference is as vague.
"""

from functools import lru_cache
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from ablations.statistics.significance import ALPHA

DRAWS = 20_000
"""Simulated sets of differences; a power of 80 % is known to 0.3 points (standard error)."""

EXACT_PAIRS = 14
"""Up to here the simulation tries every sign flip, which takes a second at most."""

_CHUNK = 20
_SEED = 20_210_310


def power_of(difference: float, sd: float, n: int, comparisons: int, alpha: float = ALPHA) -> float:
    """The chance that a study of `comparisons` variants and n seeds finds a true `difference`.

    difference, sd: of the paired differences, points of Top-1.

    Raises ValueError for what is no difference, standard deviation, number of seeds or of
    comparisons, alpha.
    """
    if not isfinite(difference):
        raise ValueError(f"a difference of {difference}; it is finite")
    _check(sd, n, comparisons, alpha)
    return _share(_limits(n, comparisons, alpha), abs(difference) / sd)


def detectable_difference(
    sd: float, n: int, comparisons: int, alpha: float = ALPHA, power: float = 0.8
) -> float:
    """The least true difference, points of Top-1, that is found with the chance `power`.

    Infinite where n is below `seeds_needed`. Raises ValueError as `power_of`, and for a power that
    is not between 0 and 1.
    """
    _check(sd, n, comparisons, alpha)
    if not 0 < power < 1:
        raise ValueError(f"a power of {power}; it lies between 0 and 1")
    return sd * _quantile(_limits(n, comparisons, alpha), power)


def no_worse_power(
    margin: float, sd: float, n: int, comparisons: int, alpha: float = ALPHA
) -> float:
    """The chance that a variant that truly equals the baseline is called no worse by more than
    `margin`, points of Top-1. Raises ValueError as `power_of`."""
    _check(sd, n, comparisons, alpha, margin)
    return _share(_limits(n, comparisons, alpha, sides=1), margin / sd)


def equivalence_power(
    margin: float, sd: float, n: int, comparisons: int, alpha: float = ALPHA
) -> float:
    """The chance that it is called equivalent within `margin`; the rest as of `no_worse_power`."""
    _check(sd, n, comparisons, alpha, margin)
    return _share(_limits(n, comparisons, alpha, sides=1, mirrored=True), margin / sd)


def detectable_margin(
    sd: float, n: int, comparisons: int, alpha: float = ALPHA, power: float = 0.8
) -> float:
    """The least margin, points of Top-1, at which `no_worse_power` is `power`.

    Infinite where n is below the seeds needed of one side. Raises as `detectable_difference`.
    """
    _check(sd, n, comparisons, alpha)
    if not 0 < power < 1:
        raise ValueError(f"a power of {power}; it lies between 0 and 1")
    return sd * _quantile(_limits(n, comparisons, alpha, sides=1), power)


def _share(limits: NDArray[np.floating], shift: float) -> float:
    return float(np.searchsorted(limits, shift) / len(limits))


def _quantile(limits: NDArray[np.floating], power: float) -> float:
    return max(0.0, float(np.quantile(limits, power))) if isfinite(limits[0]) else inf


def _check(sd: float, n: int, comparisons: int, alpha: float, margin: float = 1.0) -> None:
    if not (isfinite(sd) and sd > 0):
        raise ValueError(f"a standard deviation of {sd}; it is positive")
    if not (isfinite(margin) and margin > 0):
        raise ValueError(f"a margin of {margin}; it is positive")
    if n < 1 or comparisons < 1 or not 0 < alpha < 1:
        raise ValueError(f"{n} seeds, {comparisons} comparisons, alpha {alpha}")


@lru_cache(maxsize=64)
def _limits(
    n: int, comparisons: int, alpha: float, sides: int = 2, mirrored: bool = False
) -> NDArray[np.floating]:
    """For each draw of n standard normal differences the shift from which on it is found; sorted,
    shape (DRAWS,). Infinite where no shift is.

    A draw is found when both the test and the t interval speak for it. The interval excludes zero
    when the shift exceeds half its width less the draw's mean. For the test: where a sum is above
    zero, flipping some of its signs keeps it as far from zero when the mean of those flipped, or of
    the rest, is at most zero. So p is 2 c/2^n with c the number of subsets whose shifted mean is at
    most zero, the empty one among them (Hartigan 1969), and p <= alpha/comparisons when the shift
    exceeds minus the k-th smallest of the means, k = alpha/comparisons 2^n/2 rounded down. Of one
    side p is c/2^n and k is twice as large; the interval keeps its width.

    Beyond EXACT_PAIRS the limit of a t test at alpha/comparisons stands in for the sign flips'.
    With up to 10 comparisons it is at most about 1 % too small, 1 point of power.

    mirrored: a shift is found when it is with these draws and with their negatives, as "equivalent"
    needs.
    """
    level = 2 * alpha / comparisons / sides
    if 2.0 ** (1 - n) > level:
        return np.full(DRAWS, inf)
    rng = np.random.default_rng([_SEED, n])
    if n > EXACT_PAIRS:
        means = rng.standard_normal(DRAWS) / n**0.5
        sds = np.sqrt(rng.chisquare(n - 1, DRAWS) / (n - 1))
        return np.sort(_t_limits(-abs(means) if mirrored else means, sds, n, min(level, alpha)))
    draws = rng.standard_normal((DRAWS, n), dtype=np.float32)
    found = _draw_limits(draws, alpha, level)
    return np.sort(np.maximum(found, _draw_limits(-draws, alpha, level)) if mirrored else found)


def _draw_limits(draws: NDArray[np.float32], alpha: float, level: float) -> NDArray[np.floating]:
    """The limits of draws, shape (draws, n), unsorted; level: two-sided, of the sign flips."""
    n = draws.shape[1]
    by_interval = _t_limits(draws.mean(axis=1), draws.std(axis=1, ddof=1), n, alpha)
    return np.maximum(by_interval, _flip_limits(draws, int(level * 2 ** (n - 1))))


def _flip_limits(draws: NDArray[np.float32], k: int) -> NDArray[np.floating]:
    """Minus the k-th smallest mean among each draw's subsets but the empty one, shape (draws,)."""
    limits = np.empty(len(draws), np.float32)
    for start in range(0, len(draws), _CHUNK):
        chunk = draws[start : start + _CHUNK]
        sums, sizes = np.zeros((len(chunk), 1), np.float32), np.zeros(1, np.float32)
        for column in chunk.T:
            sums = np.concatenate([sums, sums + column[:, None]], axis=1)
            sizes = np.concatenate([sizes, sizes + 1])
        means = sums[:, 1:] / sizes[1:]
        limits[start : start + _CHUNK] = -np.partition(means, k - 1, axis=1)[:, k - 1]
    return limits


def _t_limits(
    means: NDArray[np.floating], sds: NDArray[np.floating], n: int, level: float
) -> NDArray[np.floating]:
    """The shift from which on a two-sided t test at `level` finds draws of n with these means."""
    return np.asarray(stdtrit(n - 1, 1 - level / 2) * sds / n**0.5 - means)
