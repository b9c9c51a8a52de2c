"""How often the statistics of a study are wrong where nothing differs, on real trainings.

    involution-ablate run benchmarks/aa.toml --output runs/aa   # 200 seeds of one variant
    python benchmarks/calibration.py runs/aa --json aa.json
    python benchmarks/calibration.py benchmarks/aa.json         # the same trainings, as measured

The trainings of one variant are split at random into studies of several "variants" and seeds. No
two of these variants differ, so that whatever is found is false. What such studies say:

verdict:    any "better" or "worse" (sign flips, Holm-corrected); at most 5 % of studies.
dunnett:    any simultaneous interval without zero; 5 %.
coverage:   t intervals of a difference that hold the true one, zero; 95 %.
no worse:   any "no worse" where every variant was made worse by the margin; at most 5 %.
equivalent: any "equivalent" among the same; at most 5 %.
all equal:  "equivalent" of every variant where none was made worse, which is right: a high rate
            means that the margin suits the number of seeds.

Each study is drawn without regard to the seeds' numbers. Its differences are hence symmetric, and
the sign flips keep their level by the drawing alone: of them this is a check of the program. Of
Dunnett's and of the t intervals it is a check of what they assume. Of no method does it say what
happens where two variants spread in unlike ways.

Standard errors. The studies share one pool, so that they are no independent draws. The pool is cut
at random into two halves, which are two independent pools half as large; studies are drawn within
each. Half the mean squared difference of their rates, less what the drawing alone makes, is the
variance that a half's rate has because its pool is a sample. A pool twice as large has at most half
of that (every term of Hoeffding's decomposition falls at least so fast). The variance of the mean
over the cuts, which are independent given the pool, is added for the drawing. The sum is rather too
large than too small.
"""

import argparse
import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablations.results.results import load_results
from ablations.statistics.contrasts import contrast_study
from ablations.statistics.dunnett import dunnett

LEAST_POOL = 200

SEED = 20_210_310

Rates = dict[str, float]


def outcomes(tops: NDArray[np.float64], margin: float) -> Rates:
    """What one study says, of `tops`, percent, shape (variants, seeds); the first is the baseline.

    1 where it is wrong and 0 where not; of the coverage, the share that is right; 1 where it is
    right that all are equal.
    """
    study = {f"v{place}": dict(enumerate(row.tolist())) for place, row in enumerate(tops)}
    worse = {
        name: {seed: top - margin * (name != "v0") for seed, top in by_seed.items()}
        for name, by_seed in study.items()
    }
    contrasts = contrast_study(study, "v0", margin)
    at_boundary = contrast_study(worse, "v0", margin)
    intervals = [found.difference.interval for found in contrasts]
    return {
        "verdict": float(any(found.told for found in contrasts)),
        "dunnett": float(any(found.excludes_zero for found in dunnett(study, "v0"))),
        "coverage": float(np.mean([i is None or i[0] <= 0 <= i[1] for i in intervals])),
        "no worse": float(any(found.within_told for found in at_boundary)),
        "equivalent": float(any(f.margin_verdict == "equivalent" for f in at_boundary)),
        "all equal": float(all(f.margin_verdict == "equivalent" for f in contrasts)),
    }


def drawn_rates(
    rng: np.random.Generator, pool: NDArray[np.float64], variants: int, seeds: int, margin: float
) -> NDArray[np.float64]:
    """The outcomes, averaged over the disjoint studies of one random split of a pool."""
    size = variants * seeds
    shuffled = rng.permutation(pool)[: len(pool) // size * size].reshape(-1, variants, seeds)
    return np.mean([list(outcomes(study, margin).values()) for study in shuffled], axis=0)


def calibrate(
    pool: NDArray[np.float64],
    variants: int = 4,
    seeds: int = 8,
    margin: float = 0.5,
    cuts: int = 100,
    splits: int = 20,
    seed: int = SEED,
) -> dict[str, Mapping[str, float]]:
    """Name of an outcome -> its rate over the studies, the standard error of that, and the part
    of_drawing, which more cuts make smaller.

    Args:
        pool: Top-1 of the trainings, percent, shape (n,).
        variants: Variants of a study, baseline included.
        seeds: Seeds of a study.
        margin: Points of Top-1.
        cuts: Random cuts of the pool into two halves.
        splits: Random splits of each half into studies.
        seed: Seed of the random numbers.

    Raises:
        ValueError: Where a half of the pool does not hold a study.
    """
    if len(pool) < 2 * variants * seeds:
        raise ValueError(f"{len(pool)} trainings; two studies take {2 * variants * seeds}")
    rng = np.random.default_rng(seed)
    rates = []
    for _ in range(cuts):
        halves = np.array_split(rng.permutation(pool), 2)
        rates.append(
            [
                [drawn_rates(rng, half, variants, seeds, margin) for _ in range(splits)]
                for half in halves
            ]
        )
    found = np.array(rates)  # cut, half, split, outcome
    by_half = found.mean(axis=2)
    drawing = found.var(axis=2, ddof=1).mean(axis=(0, 1)) / splits
    of_half = np.mean((by_half[:, 0] - by_half[:, 1]) ** 2 / 2, axis=0) - drawing
    of_mean = by_half.mean(axis=1).var(axis=0, ddof=1) / cuts
    errors = np.sqrt(np.maximum(of_half, 0) / 2 + of_mean)
    names = outcomes(pool[: variants * seeds].reshape(variants, seeds), margin)
    return {
        name: {"rate": float(rate), "standard_error": float(error), "of_drawing": float(drawn)}
        for name, rate, error, drawn in zip(
            names, found.mean(axis=(0, 1, 2)), errors, np.sqrt(of_mean), strict=True
        )
    }


def read_pool(place: Path) -> NDArray[np.float64]:
    """Top-1 of the trainings, by seed, of a run of one variant or of what this program wrote;
    failed ones are left out."""
    if place.is_file() and place.suffix == ".json":
        return np.array(json.loads(place.read_text(encoding="utf-8"))["pool"]["top1"])
    variants = [variant for study in load_results(place).studies for variant in study.variants]
    if len(variants) != 1:
        raise SystemExit(f"{place}: {len(variants)} variants; an A/A study is of one")
    tops = sorted(variants[0].top1_by_seed.items())
    return np.array([top for _, top in tops if top is not None and isfinite(top)])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pool", type=Path, help="folder of a run of one variant, or aa.json")
    parser.add_argument("--variants", type=int, default=4, help="of a study (4)")
    parser.add_argument("--seeds", type=int, default=8, help="of a study (8)")
    parser.add_argument("--margin", type=float, default=0.5, help="points of Top-1 (0.5)")
    parser.add_argument("--cuts", type=int, default=100, help="of the pool into halves (100)")
    parser.add_argument("--splits", type=int, default=20, help="of each half (20)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    pool = read_pool(options.pool)
    shape = {"variants": options.variants, "seeds": options.seeds, "margin": options.margin}
    drawing = {"cuts": options.cuts, "splits": options.splits, "seed": SEED}
    if len(pool) < LEAST_POOL:
        print(f"only {len(pool)} trainings: below {LEAST_POOL} the standard errors are large")
    rates = calibrate(pool, **shape, **drawing)
    spread = {"trainings": len(pool), "mean": float(pool.mean()), "sd": float(pool.std(ddof=1))}
    print(f"{len(pool)} trainings, Top-1 {spread['mean']:.2f} %, SD {spread['sd']:.2f} points")
    for name, found in rates.items():
        print(f"{name:12} {found['rate']:.4f} ± {found['standard_error']:.4f} (standard error)")
    if options.json is not None:
        measured = spread | {"top1": pool.tolist()}
        figures = {"pool": measured, "study": shape, "drawing": drawing, "rates": rates}
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
