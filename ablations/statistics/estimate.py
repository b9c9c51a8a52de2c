"""A mean of few values and what is known of it. No torch."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

import numpy as np

from ablations.statistics.intervals import Interval, mean_interval


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % t interval, in the unit of its values.

    Attributes:
        n: Values that the mean is taken over.
        mean: None where there is no value.
        sd: Standard deviation of the sample; None below two values.
        interval: Low and high end, see `mean_interval`; None where it says nothing.
    """

    n: int
    mean: float | None
    sd: float | None
    interval: Interval | None

    @classmethod
    def of(cls, values: Iterable[float | None]) -> "Estimate":
        """The estimate from `values`; failed ones (None, NaN) are left out."""
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
        """Half the interval, the number behind a ±; None without an interval."""
        if self.interval is None or self.mean is None:
            return None
        return self.interval[1] - self.mean

    def __neg__(self) -> "Estimate":
        """The estimate from the same values with the other sign."""
        return Estimate(
            n=self.n,
            mean=None if self.mean is None else -self.mean,
            sd=self.sd,
            interval=None if self.interval is None else (-self.interval[1], -self.interval[0]),
        )
