"""Runs studies: proofs, trials and timings."""

import shlex
from collections.abc import Sequence

import torch

from ablations.costs.proof_suite import prove_study
from ablations.records.run_record import Run
from ablations.records.timing_record import TimingRecord, TimingStore
from ablations.records.trial_record import TrialRecord, TrialStore
from ablations.run.launcher import choose_device, run_trials
from ablations.study.settings import WRITTEN, RunSettings, check_writable
from ablations.study.study import Study
from ablations.training.bench import measure_timings
from ablations.training.environment import describe_environment
from ablations.training.progress import Progress
from ablations.training.setup import Job, make_jobs


def execute(
    studies: Sequence[Study], settings: RunSettings, argv: Sequence[str], progress: Progress
) -> Run:
    """Checks everything, proves the costs, trains and times what is not yet recorded in the output
    folder.

    Raises SettingError, before anything is written, for what cannot be run.
    """
    check_writable("output", settings.output, WRITTEN)
    device = torch.device("cpu")
    jobs: list[Job] = []
    if settings.train:
        device = choose_device(settings.train.device)
        jobs = make_jobs(studies, settings.train)
    proofs = {study.name: prove_study(study, settings.cost_model) for study in studies}
    records: list[TrialRecord] = []
    timings: list[TimingRecord] = []
    if settings.train:
        store = TrialStore(settings.output)
        records = run_trials(jobs, settings.seeds, device, store, progress)
        timings = measure_timings(jobs, device, TimingStore(settings.output), progress)
    here = describe_environment(device)
    return Run(studies, settings, proofs, records, timings, here, shlex.join(argv))
