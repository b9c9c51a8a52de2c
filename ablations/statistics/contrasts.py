"""Every variant of a study against a baseline, paired by seed. No torch.

A seed gives all variants the same order of images; the difference of two variants at one seed is
free of this shared luck. The null hypothesis is that the two are exchangeable at every seed, so
each difference is equally likely with either sign. The test counts how many of the 2^n choices of
signs give a mean at least as far from zero. Differences need not be normal, but symmetric: two
variants with equal means and unlike distributions may be found different more often than ALPHA.

A seed that failed with either variant drops its pair. This is fair if failures are unrelated to
Top-1; a variant that diverges on bad seeds looks better than it is, and no test detects that.
Therefore n is printed beside every figure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ablations.statistics.equivalence import MarginVerdict, WithinMargin, within_margin
from ablations.statistics.estimate import TIE, Estimate
from ablations.statistics.significance import ALPHA, holm_by_name, sign_flip_p, smallest_p

Verdict = Literal["better", "worse", "inconclusive", "too few seeds"]


@dataclass(frozen=True)
class Contrast:
    """One variant against the baseline, paired by seed.

    Attributes:
        name: Name of the variant.
        baseline: Name of the baseline.
        difference: Variant minus baseline, points of Top-1, over the seeds that both finished.
        p: p of the two-sided sign-flip test; None without pairs.
        adjusted_p: p, Holm-corrected over the `comparisons`.
        smallest_adjusted_p: Smallest adjusted p that these numbers of pairs can give.
        comparisons: Number of contrasts of the study that have a p.
        within: Tests of the difference against a margin; None without a margin.
    """

    name: str
    baseline: str
    difference: Estimate
    p: float | None
    adjusted_p: float | None
    smallest_adjusted_p: float | None
    comparisons: int
    within: WithinMargin | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict.

        "better", "worse": adjusted p is at most ALPHA and the t interval excludes zero. "too few
        seeds": no differences, however large, could give these verdicts. "inconclusive":
        otherwise, which is no evidence of equality. Equal differences at every seed, which have
        no interval, are inconclusive too: they repeat one observation.
        """
        mean, interval = self.difference.mean, self.difference.interval
        reachable = self.smallest_adjusted_p
        if mean is None or self.adjusted_p is None or reachable is None or reachable > ALPHA:
            return "too few seeds"
        if self.adjusted_p > ALPHA or interval is None or interval[0] <= 0 <= interval[1]:
            return "inconclusive"
        return "better" if mean > 0 else "worse"

    @property
    def told(self) -> bool:
        """Whether the variant is significantly better or worse than the baseline."""
        return self.verdict in ("better", "worse")

    @property
    def margin_verdict(self) -> MarginVerdict | None:
        """Whether the variant is no worse by more than the margin; None without a margin."""
        return None if self.within is None else self.within.verdict(self.difference.interval)

    @property
    def within_told(self) -> bool:
        """Whether the variant is no worse by more than the margin, or equivalent within it."""
        return self.margin_verdict in ("equivalent", "no worse")

    @property
    def reversed(self) -> "Contrast":
        """The contrast of the baseline against the variant, without a margin."""
        return replace(
            self,
            name=self.baseline,
            baseline=self.name,
            difference=-self.difference,
            within=None,
        )


def contrast_study(
    tops: Mapping[str, Mapping[int, float | None]], baseline: str, margin: float | None = None
) -> list[Contrast]:
    """Every other variant of a study against `baseline`, in the order of `tops`.

    Args:
        tops: Variant -> seed -> Top-1, percent; a seed that failed is missing, None or NaN.
        baseline: One of the variants.
        margin: Points of Top-1; None where nothing is asked of a margin.

    Raises:
        ValueError: Where `baseline` is none of the variants.
    """
    if baseline not in tops:
        raise ValueError(f"baseline {baseline} is none of the study's variants: {', '.join(tops)}")
    return contrast_samples(
        {
            (name, baseline): paired_differences(by_seed, tops[baseline])
            for name, by_seed in tops.items()
            if name != baseline
        },
        margin,
    )


def contrast_runs(
    first: Mapping[str, Mapping[int, float | None]],
    second: Mapping[str, Mapping[int, float | None]],
    baseline: str,
) -> list[Contrast]:
    """Every variant of two runs, the second against the first, corrected as one study.

    Args:
        first: As the `tops` of `contrast_study`; variants that only one run has are left out.
        second: Likewise.
        baseline: What the first run is called.
    """
    return contrast_samples(
        {
            (name, baseline): paired_differences(by_seed, first[name])
            for name, by_seed in second.items()
            if name in first
        }
    )


def contrast_samples(
    samples: Mapping[tuple[str, str], NDArray[np.float64]], margin: float | None = None
) -> list[Contrast]:
    """One contrast for each of `samples`, in their order, corrected as one study.

    Args:
        samples: (name, baseline) of the contrast -> the difference at each seed, shape (n,),
            points of Top-1; empty where no seed finished.
        margin: Points of Top-1; None where nothing is asked of a margin.
    """
    tested = {names: sample for names, sample in samples.items() if len(sample)}
    ps = {names: sign_flip_p(sample) for names, sample in tested.items()}
    smallest = {names: smallest_p(len(sample)) for names, sample in tested.items()}
    adjusted = holm_by_name(ps)
    # An adjusted p never falls when any p of the study rises, so these are the least reachable.
    reachable = holm_by_name(smallest)
    within = {} if margin is None else within_margin(samples, margin)
    return [
        Contrast(
            name=names[0],
            baseline=names[1],
            difference=Estimate.of(sample),
            p=ps.get(names),
            adjusted_p=adjusted.get(names),
            smallest_adjusted_p=reachable.get(names),
            comparisons=len(tested),
            within=within.get(names),
        )
        for names, sample in samples.items()
    ]


def pooled_spread(contrasts: Iterable[Contrast]) -> float | None:
    """Standard deviation of paired differences over all `contrasts`; None where there is none."""
    differences = [contrast.difference for contrast in contrasts]
    several = [(found.sd, found.n - 1) for found in differences if found.sd is not None]
    squares = sum(sd**2 * freedom for sd, freedom in several)
    return sqrt(squares / sum(freedom for _, freedom in several)) if squares > TIE**2 else None


def paired_differences(
    variant: Mapping[int, float | None], baseline: Mapping[int, float | None]
) -> NDArray[np.float64]:
    """Variant minus baseline, points, at the seeds that both finished, shape (n,), by seed.

    variant, baseline: seed -> Top-1, percent; a seed that failed is missing, None or NaN.
    """
    differences = []
    for seed in sorted(variant.keys() & baseline.keys()):
        mine, its = variant[seed], baseline[seed]
        if mine is not None and its is not None and isfinite(mine) and isfinite(its):
            differences.append(mine - its)
    return np.array(differences, dtype=np.float64)
