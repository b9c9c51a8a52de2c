"""Runs the trials of some studies, each once, and keeps what finished."""

import time
from collections.abc import Iterable

import torch
from torch import nn

from ablations.cost import count_cost
from ablations.environment import describe_environment
from ablations.errors import SettingError, TrialFailed, one_line
from ablations.images import ImageData
from ablations.progress import Progress
from ablations.settings import TrainSettings
from ablations.training import Epoch, total_steps, train
from ablations.trials import TrialKey, TrialRecord, TrialStore
from ablations.variants import Study, Variant
from involution_core import build_network


def choose_device(name: str) -> torch.device:
    """The device that "auto", "cpu" or "cuda" means here; SettingError where there is none."""
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingError("device", name, "no CUDA device is available; allowed here: auto, cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def distinct_variants(studies: Iterable[Study]) -> list[Variant]:
    """Every variant once, though several studies may share it."""
    return list(dict.fromkeys(v for study in studies for v in study.variants.values()))


def run_trials(
    studies: Iterable[Study],
    settings: TrainSettings,
    seeds: int,
    data: ImageData,
    device: torch.device,
    store: TrialStore,
    progress: Progress,
) -> list[TrialRecord]:
    """One record for every (variant, seed), trained here or found in `store`.

    Every variant gets its first seed before any gets its second, so that what an interrupted run
    has recorded compares all of them. Raises SettingError where a file of the store is no record.
    """
    variants = distinct_variants(studies)
    progress.run_starts(len(variants) * seeds)
    records = []
    for seed in range(seeds):
        for variant in variants:
            key = TrialKey(variant, seed, settings.identity(), data.fingerprint, device.type)
            record = store.load(key)
            reused = record is not None
            if record is None:
                progress.trial_starts(variant, seed, total_steps(settings, data))
                record = run_trial(key, settings, data, device, progress)
                store.save(key, record)
            progress.trial_ends(record, reused)
            records.append(record)
    return records


def build_trained(
    variant: Variant, seed: int, settings: TrainSettings, data: ImageData
) -> nn.Module:
    """The network that is trained for `variant`, its weights drawn from `seed`, on the CPU."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build_network(
            settings.model,
            kernel_size=variant.kernel_size,
            group_channels=variant.group_channels,
            generator=variant.generator,
            classes=data.classes,
        )


def run_trial(
    key: TrialKey,
    settings: TrainSettings,
    data: ImageData,
    device: torch.device,
    progress: Progress,
) -> TrialRecord:
    """Trains one variant once. What makes a trial fail goes into its record."""
    network = build_trained(key.variant, key.seed, settings, data)
    cost = count_cost(network, data.image_size)
    curve: list[Epoch] = []
    failure, transient = None, False
    start = time.perf_counter()
    try:
        curve = train(network, data, settings, key.seed, device, progress.step_done)
    except TrialFailed as error:
        failure = str(error)
    except Exception as error:  # whatever ends one trial must not end the others
        failure, transient = one_line(error), True
    return TrialRecord(
        variant=key.variant,
        seed=key.seed,
        settings=key.settings,
        device=key.device,
        data=data.description,
        curve=tuple(vars(epoch) for epoch in curve),
        top1=curve[-1].test_top1 if curve else None,
        costs={"params": cost.params, "operations": dict(cost.operations)},
        seconds=time.perf_counter() - start,
        environment=describe_environment(device),
        failure=failure,
        transient=transient,
    )
