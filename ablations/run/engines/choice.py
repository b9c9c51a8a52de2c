"""Chooses the engine that trains the trials of a run."""

import shutil
import socket
from collections.abc import Sequence
from importlib.util import find_spec

import torch

from ablations.errors import SettingError, one_line
from ablations.run.capacity import choose_jobs
from ablations.run.engines.engine import Engine
from ablations.run.engines.here import Here
from ablations.run.engines.pool import Pool
from ablations.study.run_settings import AUTO, LOCAL, RAY, SLURM, RunSettings
from ablations.study.train_settings import TrainSettings
from ablations.training.data_sets import DataSets
from ablations.training.trial_spec import TrialSpec

ANSWERS = 5.0
"""Seconds within which a cluster must accept a connection."""


def check_engine(settings: RunSettings, device: torch.device) -> None:
    """Check that the engine of the settings can run here, before anything is written.

    Raises:
        SettingError: If it cannot.
    """
    if settings.engine == LOCAL:
        _check_gpus(settings, device)
        return
    if settings.engine == SLURM:
        _check_slurm(settings)
        return
    if find_spec("ray") is None:
        problem = "Ray is not installed: pip install 'involution-ablate[ray]'"
        raise SettingError("engine", RAY, problem)
    if settings.ray_address not in (None, "auto"):
        _check_answers(settings.ray_address)
    if device.type == "cuda" and settings.gpus_per_trial == 0:
        raise SettingError("gpus-per-trial", 0, "trials are trained on GPUs here")


def _check_gpus(settings: RunSettings, device: torch.device) -> None:
    processes = settings.train.processes if settings.train else 1
    if device.type == "cuda" and processes > torch.cuda.device_count():
        problem = f"each needs a GPU, and there are {torch.cuda.device_count()} here"
        raise SettingError("processes", processes, problem)


def _check_slurm(settings: RunSettings) -> None:
    if find_spec("submitit") is None:
        problem = "submitit is not installed: pip install 'involution-ablate[slurm]'"
        raise SettingError("engine", SLURM, problem)
    if settings.slurm is not None:
        from ablations.run.engines.slurm_engine import read_parameters

        read_parameters(settings.slurm)
    for command in ("sbatch", "srun"):
        if shutil.which(command) is None:
            raise SettingError("engine", SLURM, f"there is no {command} here, a command of Slurm")


def _check_answers(address: str) -> None:
    """Check that something answers at the address. Ray itself would retry for minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), ANSWERS).close()
    except (OSError, OverflowError) as error:
        problem = f"nothing answers there ({one_line(error)})"
        raise SettingError("ray-address", address, problem) from None


def choose_engine(
    settings: RunSettings,
    trials: Sequence[TrialSpec],
    data_sets: DataSets,
    device: torch.device,
    debug: bool,
) -> Engine:
    """Return the engine for some trials. Nothing starts before its `run`.

    Args:
        settings: Settings of the run.
        trials: The trials; there may be none.
        data_sets: Their images.
        device: Where they are trained.
        debug: Whether one that fails is to raise its error, which needs this process.
    """
    if debug or not trials:
        return Here(data_sets, debug)
    if settings.engine == RAY:
        return _ray_engine(settings, device, [trial.settings for trial in trials])
    if settings.engine == SLURM:
        return _slurm_engine(settings, device, [trial.settings for trial in trials])
    jobs = choose_jobs(settings.jobs, trials, data_sets, device)
    if not jobs:
        return Here(data_sets, debug)
    return Pool(min(jobs, len(trials)), max(trial.settings.threads for trial in trials))


def _ray_engine(
    settings: RunSettings, device: torch.device, trained: Sequence[TrainSettings]
) -> Engine:
    from ablations.run.engines.ray_engine import RayEngine

    cpus, gpus = settings.cpus_per_trial, settings.gpus_per_trial
    return RayEngine(
        settings.ray_address,
        None if settings.jobs == AUTO else int(settings.jobs),
        _cores(trained) if cpus is None else cpus,
        _gpus(trained, device) if gpus is None else gpus,
    )


def _slurm_engine(
    settings: RunSettings, device: torch.device, trained: Sequence[TrainSettings]
) -> Engine:
    from ablations.run.engines.slurm_engine import SlurmEngine, read_parameters

    asked = {"cpus_per_task": _cores(trained), "gpus_per_node": _gpus(trained, device)}
    return SlurmEngine(
        settings.output,
        None if settings.jobs == AUTO else int(settings.jobs),
        {**asked, **(read_parameters(settings.slurm) if settings.slurm else {})},
        max(each.threads for each in trained),
    )


def _cores(trained: Sequence[TrainSettings]) -> int:
    return max(each.cores for each in trained)


def _gpus(trained: Sequence[TrainSettings], device: torch.device) -> int:
    return max(each.processes for each in trained) if device.type == "cuda" else 0
