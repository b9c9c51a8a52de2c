"""Every variant of a study against a baseline, paired by seed. No torch.

A seed gives all variants the same order of images, so that they share luck; the difference of two
variants at one seed is free of it. What is tested is that the two are exchangeable at every seed:
then each difference might as well have come with the other sign, whatever its distribution. The
test asks how many of the 2^n ways to choose signs give a mean at least as far from zero. It needs
no normal differences, but symmetric ones: two variants with the same mean and otherwise unlike
may be told apart more often than the level says.

A seed that failed with either variant leaves its pair out. That is fair while failing has nothing
to do with how good the run would have been; a variant that diverges on bad seeds looks better than
it is, and no test sees it. So n stands beside every figure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import isfinite, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ablations.statistics.estimate import Estimate
from ablations.statistics.intervals import TIE

ALPHA = 0.05
"""Largest chance of any false "better" or "worse" among contrasts that are corrected together."""

EXACT_PAIRS = 20
"""Up to here all sign flips are tried, 2^19 and their mirror images; beyond, FLIPS random ones."""

FLIPS = 99_999

_FLIP_SEED = 20_210_310

Verdict = Literal["better", "worse", "cannot tell", "too few seeds"]


@dataclass(frozen=True)
class Contrast:
    """One variant against the baseline, paired by seed.

    Attributes:
        name: Of the variant.
        baseline: The name of what it is held against.
        difference: Variant minus baseline, points of Top-1, over the seeds that finished with both.
        p: Of the two-sided sign-flip test; None without a pair.
        adjusted_p: p, Holm-corrected over the `comparisons`.
        smallest_adjusted_p: The least adjusted p that the pairs of the comparisons can give.
        comparisons: The contrasts of the study that have a p.
    """

    name: str
    baseline: str
    difference: Estimate
    p: float | None
    adjusted_p: float | None
    smallest_adjusted_p: float | None
    comparisons: int

    @property
    def verdict(self) -> Verdict:
        """What the data say.

        "better", "worse": adjusted p at most ALPHA and a t interval without zero. "too few seeds":
        no differences, however large, could have led to that. "cannot tell": these did not, which
        is no sign of being equal. Without an interval, where every difference is the same, there
        is no verdict either: seeds that change nothing repeat one observation, and the test would
        count it n times.
        """
        mean, interval = self.difference.mean, self.difference.interval
        reachable = self.smallest_adjusted_p
        if mean is None or self.adjusted_p is None or reachable is None or reachable > ALPHA:
            return "too few seeds"
        if self.adjusted_p > ALPHA or interval is None or interval[0] <= 0 <= interval[1]:
            return "cannot tell"
        return "better" if mean > 0 else "worse"

    @property
    def told(self) -> bool:
        """Whether the variant could be told from the baseline."""
        return self.verdict in ("better", "worse")

    @property
    def reversed(self) -> "Contrast":
        """The same comparison, the baseline against the variant."""
        return replace(self, name=self.baseline, baseline=self.name, difference=-self.difference)


def contrast_study(tops: Mapping[str, Mapping[int, float | None]], baseline: str) -> list[Contrast]:
    """Every other variant of a study against `baseline`, in the order of `tops`.

    Args:
        tops: Variant -> seed -> Top-1, percent; a seed that failed is missing, None or NaN.
        baseline: One of the variants.

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
        }
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


def contrast_samples(samples: Mapping[tuple[str, str], NDArray[np.float64]]) -> list[Contrast]:
    """One contrast for each of `samples`, in their order, corrected as one study.

    Args:
        samples: (name, baseline) of the contrast -> the difference at each seed, shape (n,),
            points of Top-1; empty where no seed finished.
    """
    tested = {names: sample for names, sample in samples.items() if len(sample)}
    ps = {names: sign_flip_p(sample) for names, sample in tested.items()}
    smallest = {names: smallest_p(len(sample)) for names, sample in tested.items()}
    adjusted = _holm_by_names(ps)
    # An adjusted p never falls when any p of the study rises, so these are the least reachable.
    reachable = _holm_by_names(smallest)
    return [
        Contrast(
            name=names[0],
            baseline=names[1],
            difference=Estimate.of(sample),
            p=ps.get(names),
            adjusted_p=adjusted.get(names),
            smallest_adjusted_p=reachable.get(names),
            comparisons=len(tested),
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


def sign_flip_p(differences: NDArray[np.float64]) -> float:
    """Two-sided p of the sign-flip test of the mean of `differences`, shape (n,), n at least 1.

    Exact up to EXACT_PAIRS. Beyond, (b + 1)/(m + 1) for b of m random flips, the same m at each
    call; it keeps the test's level (Phipson and Smyth 2010). Sums within TIE of the observed one
    count as reaching it.
    """
    if len(differences) <= EXACT_PAIRS:
        # The first sign stays: flipping all of them gives the same distance from zero.
        sums = differences[:1]
        for difference in differences[1:]:
            sums = np.concatenate([sums + difference, sums - difference])
        return float(np.mean(_reaching(sums, differences)))
    rng = np.random.default_rng(_FLIP_SEED)
    sums = np.zeros(FLIPS)
    for difference in differences:
        sums += np.where(rng.integers(0, 2, FLIPS, dtype=np.int8), difference, -difference)
    return float((np.sum(_reaching(sums, differences)) + 1) / (FLIPS + 1))


def _reaching(sums: NDArray[np.float64], differences: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.abs(sums) >= abs(differences.sum()) - TIE


def smallest_p(n: int) -> float:
    """The least p that `sign_flip_p` can give for n differences, n >= 1: 2/2^n while exact."""
    return 2.0 ** (1 - n) if n <= EXACT_PAIRS else 1 / (FLIPS + 1)


def seeds_needed(comparisons: int, alpha: float = ALPHA) -> int:
    """The least n for which 2/2^n times `comparisons`, the first step of Holm, is at most alpha.

    With fewer seeds no variant of such a study can be told from the baseline. With just so many the
    first to be told has to be better, or worse, at every seed.
    """
    return next(n for n in count(1) if comparisons * 2.0 ** (1 - n) <= alpha)


def holm(ps: Sequence[float]) -> list[float]:
    """p adjusted for testing all of `ps`, in their order (Holm 1979)."""
    adjusted = [0.0] * len(ps)
    highest = 0.0
    for step, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        highest = max(highest, min(1.0, (len(ps) - step) * ps[index]))
        adjusted[index] = highest
    return adjusted


def _holm_by_names(ps: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    return dict(zip(ps, holm(list(ps.values())), strict=True))
