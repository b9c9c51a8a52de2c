"""Whether variants are no worse than a baseline by more than a margin, or equivalent. No torch.

An inconclusive difference is not evidence of equality. Whether a variant loses, or differs by, less
than a margin needs a separate test with a margin chosen beforehand. The two null hypotheses are
that the variant is worse by at least the margin, and that it is better by at least the margin. Each
is tested by one-sided sign flips, of the differences plus the margin and of the margin minus the
differences. The test is exact for any n if the differences are symmetric around their mean.

"No worse" rejects the first hypothesis. "Equivalent" rejects both, and its p is the larger one (two
one-sided tests, Schuirmann 1987). The p values of "no worse" are Holm-corrected over the variants
of a study, and so are those of "equivalent": two groups beside "better" and "worse", each of
which goes wrong in at most 5 % of studies.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ablations.statistics.estimate import Interval
from ablations.statistics.significance import ALPHA, holm_by_name, sign_flip_p_above, smallest_p

MarginVerdict = Literal["equivalent", "no worse", "inconclusive", "too few seeds"]

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class WithinMargin:
    """The difference of one variant from the baseline, held against a margin.

    Attributes:
        margin: Points of Top-1.
        no_worse_p: p of the one-sided sign-flip test against "worse by at least the margin"; None
            without pairs.
        adjusted_no_worse_p: The same, Holm-corrected over the study.
        equivalent_p: The larger one of that and of the p against "better by at least the margin".
        adjusted_equivalent_p: The same, Holm-corrected over the study.
        smallest_adjusted_p: Smallest value of either adjusted p with these numbers of pairs.
    """

    margin: float
    no_worse_p: float | None
    adjusted_no_worse_p: float | None
    equivalent_p: float | None
    adjusted_equivalent_p: float | None
    smallest_adjusted_p: float | None

    def verdict(self, interval: Interval | None) -> MarginVerdict:
        """Return the verdict.

        "no worse": the adjusted p is at most ALPHA and the interval lies above minus the margin.
        "equivalent": both adjusted p are at most ALPHA and the interval lies within the margin on
        both sides. "too few seeds": no differences could give these. "inconclusive": otherwise.

        Args:
            interval: The 95 % t interval of the difference; None makes the verdict inconclusive,
                as in `Contrast.verdict`.
        """
        reachable = self.smallest_adjusted_p
        if reachable is None or reachable > ALPHA:
            return "too few seeds"
        if interval is None or not _at_most_alpha(self.adjusted_no_worse_p):
            return "inconclusive"
        low, high = interval
        if low <= -self.margin:
            return "inconclusive"
        within = _at_most_alpha(self.adjusted_equivalent_p) and high < self.margin
        return "equivalent" if within else "no worse"


def within_margin(
    samples: Mapping[Name, NDArray[np.float64]], margin: float
) -> dict[Name, WithinMargin]:
    """Test every contrast of a study against a margin, corrected together.

    Args:
        samples: Name of the contrast -> the difference at each seed, shape (n,), points of Top-1;
            empty where no seed finished.
        margin: Points of Top-1, above zero.
    """
    tested = {name: sample for name, sample in samples.items() if len(sample)}
    no_worse = {name: sign_flip_p_above(sample + margin) for name, sample in tested.items()}
    no_better = {name: sign_flip_p_above(margin - sample) for name, sample in tested.items()}
    equivalent = {name: max(no_worse[name], no_better[name]) for name in tested}
    adjusted_no_worse, adjusted_equivalent = holm_by_name(no_worse), holm_by_name(equivalent)
    reachable = holm_by_name({name: smallest_p(len(s), sides=1) for name, s in tested.items()})
    return {
        name: WithinMargin(
            margin=margin,
            no_worse_p=no_worse.get(name),
            adjusted_no_worse_p=adjusted_no_worse.get(name),
            equivalent_p=equivalent.get(name),
            adjusted_equivalent_p=adjusted_equivalent.get(name),
            smallest_adjusted_p=reachable.get(name),
        )
        for name in samples
    }


def _at_most_alpha(p: float | None) -> bool:
    return p is not None and p <= ALPHA
