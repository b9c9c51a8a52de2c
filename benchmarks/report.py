"""How long a report takes to render from its records, and how that grows with the trials.

The records are made up, the costs are counted; rendering is everything that `involution-ablate
report` does once it has read the run.
"""

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch
from measuring import arguments, goal, write

from ablations.costs.proof_suite import prove_study
from ablations.records.run_record import Run
from ablations.records.trial_record import TrialRecord
from ablations.results.results import results_of
from ablations.study.run_settings import RunSettings
from ablations.study.shipped_studies import ABLATIONS, shipped_study
from ablations.study.study import distinct_variants
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.environment import describe_environment
from ablations.training.trial_result import TrainedCosts
from reports.page.report_files import write_report

SEEDS = (3, 5, 10, 20)
EPOCHS, ROUNDS = 8, 5


def record(variant: Variant, seed: int) -> TrialRecord:
    """A trial of EPOCHS epochs that ends somewhere between 50 and 60 %."""
    top1 = 50 + hash((variant.kernel_size, seed)) % 10
    curve = tuple(
        {"epoch": n, "steps": 43 * n, "train_loss": 2 / n, "top1": top1 * n / EPOCHS}
        for n in range(1, EPOCHS + 1)
    )
    costs = TrainedCosts(77_000 + variant.kernel_size, {"conv": 8_000_000})
    return TrialRecord(variant, seed, {}, "cpu", "made up", curve, top1, costs, 1.0, {"torch": "2"})


def main() -> None:
    options = arguments(__doc__)
    studies = [shipped_study(name) for name in ABLATIONS]
    proofs = {study.name: prove_study(study, "rednet50") for study in studies}
    variants = distinct_variants(studies)
    environment = describe_environment(torch.device("cpu"))
    seconds: dict[int, float] = {}
    with TemporaryDirectory() as folder:
        runs = {}
        for seeds in SEEDS:
            records = [record(variant, seed) for seed in range(seeds) for variant in variants]
            settings = RunSettings(Path(folder), "rednet50", seeds, TrainSettings())
            runs[len(records)] = Run(studies, settings, proofs, records, [], environment, "made up")
        times: dict[int, list[float]] = {trials: [] for trials in runs}
        for _ in range(ROUNDS):
            for trials, run in runs.items():
                start = time.perf_counter()
                page = write_report(results_of(run), Path(folder))
                times[trials].append(time.perf_counter() - start)
                size = page.stat().st_size
                if not seconds.get(trials):
                    print(f"{trials:4} trials: page of {size / 2**20:.2f} MiB")
                seconds[trials] = median(times[trials])
    for trials, spent in seconds.items():
        print(f"{trials:4} trials: {spent:.2f} s, median of {ROUNDS}")
    few, most = min(seconds), max(seconds)
    growth = (seconds[most] / seconds[few]) / (most / few)
    found = [
        goal(f"seconds to render {few} trials", seconds[few], "<=", 5),
        goal(f"growth of the time over growth of the trials, {few} to {most}", growth, "<=", 1),
    ]
    write(options.json, {"seconds": seconds, "goals": found})


if __name__ == "__main__":
    main()
