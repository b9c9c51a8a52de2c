"""Runs the trials of some studies, each once, and keeps what finished."""

import time
from collections.abc import Sequence

import torch

from ablations.costs.fvcore_counter import count_cost
from ablations.errors import SettingError, TrialFailed, one_line
from ablations.records.trial_record import TrialKey, TrialRecord, TrialStore
from ablations.training.environment import describe_environment
from ablations.training.loop import Epoch, total_steps, train
from ablations.training.progress import Progress
from ablations.training.setup import Job


def choose_device(name: str) -> torch.device:
    """The device that "auto", "cpu" or "cuda" means here; SettingError where there is none."""
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingError("device", name, "no CUDA device is available; allowed here: auto, cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def run_trials(
    jobs: Sequence[Job], seeds: int, device: torch.device, store: TrialStore, progress: Progress
) -> list[TrialRecord]:
    """One record for every (variant, seed), trained here or found in `store`.

    Every variant gets its first seed before any gets its second, so that what an interrupted run
    has recorded compares all of them. Raises SettingError where a file of the store is no record.
    """
    progress.run_starts(len(jobs) * seeds)
    records = []
    for seed in range(seeds):
        for job in jobs:
            key = trial_key(job, seed, device)
            record = store.load(key)
            reused = record is not None
            if record is None:
                progress.trial_starts(job.variant, seed, total_steps(job.settings, job.data))
                record = run_trial(key, job, device, progress)
                store.save(key, record)
            progress.trial_ends(record, reused)
            records.append(record)
    return records


def trial_key(job: Job, seed: int, device: torch.device) -> TrialKey:
    """What the record of that trial is kept under."""
    return TrialKey(job.variant, seed, job.identity(), job.data.fingerprint, device.type)


def run_trial(key: TrialKey, job: Job, device: torch.device, progress: Progress) -> TrialRecord:
    """Trains one variant once. What makes a trial fail goes into its record."""
    network = job.network(key.seed)
    cost = count_cost(network, job.data.image_size)
    curve: list[Epoch] = []
    failure, transient = None, False
    start = time.perf_counter()
    try:
        curve = train(network, job.data, job.settings, key.seed, device, progress.step_done)
    except TrialFailed as error:
        failure = str(error)
    except (Exception, SystemExit) as error:  # whatever ends one trial must not end the others
        failure, transient = one_line(error), True
    return TrialRecord(
        variant=key.variant,
        seed=key.seed,
        settings=key.settings,
        device=key.device,
        data=job.data.description,
        curve=tuple(vars(epoch) for epoch in curve),
        top1=curve[-1].top1 if curve else None,
        costs={"params": cost.params, "operations": dict(cost.operations)},
        seconds=time.perf_counter() - start,
        environment=describe_environment(device),
        failure=failure,
        transient=transient,
    )
