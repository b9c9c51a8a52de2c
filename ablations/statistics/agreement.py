"""Agreement of the measured order of variants with the published one, by seed. No torch.

Kendall's tau-b between the published values and those of one seed is 1 for the same order, -1 for
the reverse and about 0 for unrelated ones. Each seed is one observation: the mean tau has a t
interval over seeds, and the sign-flip test asks whether it is zero. If variants are exchangeable at
a seed, an order and its reverse are equally likely, so tau is symmetric around zero. With ties on
both sides only its mean is zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ablations.statistics.dunnett import complete_blocks
from ablations.statistics.estimate import TIE, Estimate
from ablations.statistics.significance import ALPHA, sign_flip_p, smallest_p

Direction = Literal["agrees", "reversed", "inconclusive", "too few seeds"]


@dataclass(frozen=True)
class Agreement:
    """The agreement of a measured order of variants with the published one.

    Attributes:
        variants: Number of variants.
        tau: Mean tau-b over the seeds that all variants finished.
        most: Largest possible tau; below 1 if published values are tied.
        p: p of the two-sided sign-flip test of the taus; None without seeds.
        repeated: Whether all seeds gave equal values, and so count as one observation.
    """

    variants: int
    tau: Estimate
    most: float
    p: float | None
    repeated: bool

    @property
    def verdict(self) -> Direction:
        """The verdict.

        "agrees", "reversed": p is at most ALPHA, and the interval, if any, excludes zero. It is
        missing if tau is equal at every seed, which is plausible with few possible orders.
        "too few seeds": no taus could give these verdicts. "inconclusive": otherwise.
        """
        mean, interval = self.tau.mean, self.tau.interval
        if mean is None or self.p is None or smallest_p(self.tau.n) > ALPHA:
            return "too few seeds"
        includes_zero = interval is not None and interval[0] <= 0 <= interval[1]
        if self.p > ALPHA or includes_zero or self.repeated:
            return "inconclusive"
        return "agrees" if mean > 0 else "reversed"


def order_agreement(
    published: Mapping[str, float], tops: Mapping[str, Mapping[int, float | None]]
) -> Agreement | None:
    """Return the agreement over the seeds that all variants finished.

    None if `published` has no order: fewer than two variants, or equal values.

    Args:
        published: Variant -> published value.
        tops: Variant -> seed -> Top-1, percent, with at least these variants; a failed seed is
            missing, None or NaN.
    """
    values = list(published.values())
    pairs = comb(len(values), 2)
    ordered = pairs - sum(comb(int(tied), 2) for tied in np.bincount(_ranks(values)))
    if not ordered:
        return None
    blocks = complete_blocks({name: tops[name] for name in published})
    taus = np.array([tau_b(values, block) for block in blocks])
    return Agreement(
        variants=len(values),
        tau=Estimate.of(taus),
        most=sqrt(ordered / pairs),
        p=sign_flip_p(taus) if len(taus) else None,
        repeated=len(blocks) > 1 and bool(np.all(np.ptp(blocks, axis=0) <= TIE)),
    )


def tau_b(first: Sequence[float] | NDArray, second: Sequence[float] | NDArray) -> float:
    """Return Kendall's tau-b of two columns; 0 if all values of one are tied.

    Values within TIE of their neighbour are tied.
    """
    from scipy.stats import kendalltau  # slow to import

    ranks = _ranks(first), _ranks(second)
    if min(rank.max(initial=0) for rank in ranks) < 2:
        return 0.0
    return round(float(kendalltau(*ranks).statistic), 12)  # full agreement is 1, not 0.99…9


def _ranks(values: Sequence[float] | NDArray) -> NDArray[np.int64]:
    """Return the rank of each value, from 1; tied values share one."""
    column = np.asarray(values, dtype=np.float64)
    ordered = np.sort(column)
    starts = ordered[np.diff(ordered, prepend=-np.inf) > TIE]
    return np.searchsorted(starts, column, side="right")
