"""95 % intervals of a mean of few values, and of a share of many images. No torch.

Those of a mean speak of other seeds of the same training on the same images, not of other
images; that of a share speaks of other images for the same network. What one number's interval
covers is said of that number alone: no interval here is widened for how many stand beside it.
"""

from collections.abc import Iterable
from math import isfinite, sqrt

import numpy as np
from scipy.special import ndtri, stdtrit

Interval = tuple[float, float]
"""Low and high end."""

CONFIDENCE = 0.95

TIE = 1e-9
"""Points of Top-1, below which numbers are the same: rounding leaves 1e-14, one image of a million
makes 1e-4."""


def mean_interval(values: Iterable[float | None]) -> Interval | None:
    """Student's t interval of the mean of `values`; failed ones (None, NaN) are left out.

    None for fewer than two values, and where all are the same: the formula's width would be zero,
    but values without a spread say nothing of how far off their mean is. The ends are not cut at
    0 or 100 %.
    """
    sample = np.array([v for v in values if v is not None and isfinite(v)])
    if len(sample) < 2 or np.ptp(sample) <= TIE:
        return None
    mean = float(sample.mean())
    width = float(stdtrit(len(sample) - 1, (1 + CONFIDENCE) / 2) * sample.std(ddof=1))
    width /= sqrt(len(sample))
    return mean - width, mean + width


def wilson_interval(right: int, n: int) -> Interval:
    """Wilson's score interval of the share right / n, 0..1, of n > 0 images drawn by chance.

    Source: Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 1927.
    """
    z = float(ndtri((1 + CONFIDENCE) / 2))
    share, weight = right / n, z**2 / n
    centre = (share + weight / 2) / (1 + weight)
    width = z * sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    return max(centre - width, 0.0), min(centre + width, 1.0)
