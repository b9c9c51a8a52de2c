"""Every variant of a study against a baseline at once, as Dunnett compares. No torch.

A second reading beside the sign flips of `contrasts`: intervals that hold for all variants together
with 95 %. They assume more. Top-1 is a level of the variant, plus a luck of the seed that all share
(a randomized complete block design, the seeds being its blocks), plus normal noise that is alike in
all variants. What one variant spreads is then known from all of them: k variants and n seeds leave
(k - 1)(n - 1) degrees of freedom. Where the noise of the variants is unlike, the intervals of the
quiet ones are too wide and those of the noisy ones too narrow.

Source: Dunnett, A Multiple Comparison Procedure for Comparing Several Treatments with a Control,
JASA 1955. Two differences share the baseline, hence correlate by 1/2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite, sqrt

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.special import chdtri, ndtr

from ablations.statistics.estimate import CONFIDENCE, TIE, Interval

NODES, MEAN_NODES = 96, 48
"""Nodes of the quadrature over the standard deviation and over the baseline's mean. Critical values
are exact to at least three decimals."""

DIGITS = 6
"""Decimals of a p; the quadrature is no more precise."""

LARGEST_T = 1e4
"""No critical value is larger: one comparison with one degree of freedom has 12.7."""


@dataclass(frozen=True)
class Simultaneous:
    """One variant against the baseline, beside all others.

    Attributes:
        name: Name of the variant.
        baseline: Name of the baseline.
        seeds: Number of seeds that all variants finished; only these are used.
        difference: Variant minus baseline over these seeds, points of Top-1.
        interval: Such intervals of all variants hold the true differences together with 95 %.
        p: Adjusted for all variants at once.
    """

    name: str
    baseline: str
    seeds: int
    difference: float
    interval: Interval
    p: float

    @property
    def excludes_zero(self) -> bool:
        return not self.interval[0] <= 0 <= self.interval[1]


def dunnett(
    tops: Mapping[str, Mapping[int, float | None]], baseline: str, confidence: float = CONFIDENCE
) -> list[Simultaneous]:
    """Every other variant against `baseline`, in the order of `tops`.

    A variant that finished no seed is left out. Empty where there is no other one, where fewer than
    two seeds finished with all variants, and where nothing spreads.

    Args:
        tops: Variant -> seed -> Top-1, percent; a seed that failed is missing, None or NaN.
        baseline: One of the variants.
        confidence: Of all intervals together.
    """
    if baseline not in (trained := _finished(tops)):
        return []
    blocks = complete_blocks(trained)
    seeds, variants = blocks.shape
    if seeds < 2 or variants < 2:
        return []
    freedom = (seeds - 1) * (variants - 1)
    noise = blocks - blocks.mean(axis=0) - blocks.mean(axis=1, keepdims=True) + blocks.mean()
    variance = float((noise**2).sum()) / freedom
    if variance <= TIE**2:
        return []
    error = sqrt(2 * variance / seeds)
    width = critical_value(variants - 1, freedom, confidence) * error
    means = dict(zip(trained, blocks.mean(axis=0).tolist(), strict=True))
    found = []
    for name in trained:
        if name != baseline:
            difference = means[name] - means[baseline]
            p = round(1 - share_within(abs(difference) / error, variants - 1, freedom), DIGITS)
            interval = difference - width, difference + width
            found.append(Simultaneous(name, baseline, seeds, difference, interval, max(p, 0.0)))
    return found


def _finished(
    tops: Mapping[str, Mapping[int, float | None]],
) -> dict[str, Mapping[int, float | None]]:
    """The variants that finished a seed."""
    return {
        name: by_seed
        for name, by_seed in tops.items()
        if any(top is not None and isfinite(top) for top in by_seed.values())
    }


def complete_blocks(tops: Mapping[str, Mapping[int, float | None]]) -> NDArray[np.float64]:
    """Top-1 of the seeds that all variants finished, shape (seeds, variants), by seed."""
    shared = sorted(set.intersection(*(set(by_seed) for by_seed in tops.values()))) if tops else []
    rows = [[by_seed[seed] for by_seed in tops.values()] for seed in shared]
    whole = [row for row in rows if all(top is not None and isfinite(top) for top in row)]
    return np.array(whole, dtype=np.float64).reshape(len(whole), len(tops))


def share_within(t: float, comparisons: int, freedom: int) -> float:
    """The chance that none of the t values is farther from zero than `t`, where nothing differs.

    With s the estimated standard deviation over the true one and z the baseline's mean, both
    standardized, a variant's t is within where its own mean is within z -+ sqrt(2) t s. So it is
    the average over z and s of the chance of that to the power of `comparisons`.
    """
    s, weights_s, z, weights_z = _nodes(freedom)
    reach = sqrt(2) * t * s[:, None]
    inside = (ndtr(z + reach) - ndtr(z - reach)) ** comparisons
    return float(weights_s @ inside @ weights_z)


@lru_cache(maxsize=256)
def critical_value(comparisons: int, freedom: int, confidence: float = CONFIDENCE) -> float:
    """Dunnett's two-sided t: `share_within` it is `confidence`; equal numbers of seeds."""
    low, high = 0.0, LARGEST_T
    while high - low > 1e-6:
        middle = (low + high) / 2
        if share_within(middle, comparisons, freedom) < confidence:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@lru_cache(maxsize=16)
def _nodes(freedom: int) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Values and weights of s, at quantiles of its distribution, and of z."""
    shares, weights = leggauss(NODES)
    z, weights_z = hermegauss(MEAN_NODES)
    s = np.sqrt(chdtri(freedom, (shares + 1) / 2) / freedom)
    return s, weights / 2, z, weights_z / sqrt(2 * np.pi)
