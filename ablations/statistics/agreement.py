"""Whether measured values have the order of published ones, seed by seed. No torch.

Kendall's tau-b between the published values and those of one seed says how far their orders agree:
1 where they do, -1 where one is the reverse of the other, 0 where they have nothing to do with each
other. Seeds are the observations: each has one tau, their mean has a t interval over seeds, and the
sign-flip test asks whether it is zero. If the variants were exchangeable at a seed, their order and
its reverse would be equally likely, and tau symmetric around zero; where both sides have ties this
holds of its mean alone.
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
    """How the measured order of some variants agrees with the published one.

    Attributes:
        variants: How many are ordered.
        tau: Mean tau-b over the seeds that all of them finished.
        most: The largest tau that there can be: below 1 where published values are tied.
        p: Of the two-sided sign-flip test of the taus; None without a seed.
        repeated: Whether every seed gave the same values, so that they are one observation.
    """

    variants: int
    tau: Estimate
    most: float
    p: float | None
    repeated: bool

    @property
    def verdict(self) -> Direction:
        """What the data say.

        "agrees", "reversed": p at most ALPHA, and an interval without zero where there is one; it
        is missing where tau is the same at every seed, which of so few orders need not be chance.
        "too few seeds": no taus could have led to that. "inconclusive": these did not.
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
    """The agreement over the seeds that all of the variants finished.

    None where `published` orders nothing: below two variants, or all of them equal.

    Args:
        published: Variant -> its published value.
        tops: Variant -> seed -> Top-1, percent, of these variants at least; a seed that failed is
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
