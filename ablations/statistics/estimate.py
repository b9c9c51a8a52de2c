"""Means of few values, their 95 % intervals, and shares of many images. No torch.

The interval of a mean covers other seeds of the same training on the same images. The interval of a
share covers other images for the same network. No interval is corrected for multiple comparisons.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np
from scipy.special import ndtri, stdtrit

Interval = tuple[float, float]
"""Low and high end."""

CONFIDENCE = 0.95

TIE = 1e-9
"""Values at most this far apart, points of Top-1, are equal: rounding errors are about 1e-14, one
image of a million is 1e-4."""


def mean_interval(values: Iterable[float | None]) -> Interval | None:
    """Return Student's t interval of the mean of `values`; failed ones (None, NaN) are left out.

    None for fewer than two values, or if all are equal: the width would be zero, but values without
    spread say nothing about the error of their mean. The ends are not clipped to 0 or 100 %.
    """
    sample = np.array([v for v in values if v is not None and isfinite(v)])
    if len(sample) < 2 or np.ptp(sample) <= TIE:
        return None
    mean = float(sample.mean())
    width = float(stdtrit(len(sample) - 1, (1 + CONFIDENCE) / 2) * sample.std(ddof=1))
    width /= sqrt(len(sample))
    return mean - width, mean + width


def wilson_interval(right: int, n: int) -> Interval:
    """Return Wilson's score interval of the share right / n, 0..1, of n > 0 random images.

    Source: Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 1927.
    """
    z = float(ndtri((1 + CONFIDENCE) / 2))
    share, weight = right / n, z**2 / n
    centre = (share + weight / 2) / (1 + weight)
    width = z * sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    return max(centre - width, 0.0), min(centre + width, 1.0)


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % t interval, in the unit of its values.

    Attributes:
        n: Number of values.
        mean: Their mean; None without values.
        sd: Sample standard deviation; None below two values.
        interval: Low and high end; None as in `mean_interval`.
    """

    n: int
    mean: float | None
    sd: float | None
    interval: Interval | None

    @classmethod
    def of(cls, values: Iterable[float | None]) -> "Estimate":
        """Return the estimate from `values`; failed ones (None, NaN) are left out."""
        sample = np.array([v for v in values if v is not None and isfinite(v)], dtype=np.float64)
        n = len(sample)
        return cls(
            n=n,
            mean=float(sample.mean()) if n else None,
            sd=float(sample.std(ddof=1)) if n > 1 else None,
            interval=mean_interval(sample),
        )

    @property
    def half_width(self) -> float | None:
        """Half the width of the interval, printed after ±; None without an interval."""
        if self.interval is None or self.mean is None:
            return None
        return self.interval[1] - self.mean

    def __neg__(self) -> "Estimate":
        """Return the estimate from the negated values."""
        return Estimate(
            n=self.n,
            mean=None if self.mean is None else -self.mean,
            sd=self.sd,
            interval=None if self.interval is None else (-self.interval[1], -self.interval[0]),
        )


def ranked(samples: Sequence[Iterable[float | None]]) -> list[int]:
    """Return the indices of the samples, best first, without samples that have no value.

    Samples with more finished values come first, so that one that fails now and then is not
    chosen. Among these a higher mean wins, then the lower index.

    Args:
        samples: Values of each sample; failed ones are None or NaN.
    """
    found = [Estimate.of(sample) for sample in samples]
    means = {place: one.mean for place, one in enumerate(found) if one.mean is not None}
    return sorted(means, key=lambda place: (-found[place].n, -means[place], place))
