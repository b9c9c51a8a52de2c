"""Which engine trains the trials of a run."""

from collections.abc import Mapping

import torch

from ablations.run.capacity import choose_jobs
from ablations.run.engines.engine import Engine
from ablations.run.engines.here import Here
from ablations.run.engines.pool import Pool
from ablations.study.run_settings import RunSettings
from ablations.training.setup import Setup
from ablations.training.trial import Trial


def choose_engine(
    settings: RunSettings, setups: Mapping[Trial, Setup], device: torch.device, debug: bool
) -> Engine:
    """The engine for some trials; nothing is started before it runs.

    Args:
        settings: Of the run.
        setups: The trials with theirs; there may be none.
        device: Where they are trained.
        debug: Whether one that fails is to raise its error, which needs this process.
    """
    if debug or not setups:
        return Here(setups, debug)
    wanted = list({id(setup): setup for setup in setups.values()}.values())
    jobs = choose_jobs(settings.jobs, wanted, device)
    if not jobs:
        return Here(setups, debug)
    return Pool(min(jobs, len(setups)), max(trial.settings.threads for trial in setups))
