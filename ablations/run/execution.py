"""Runs studies: proofs, trials and timings."""

import shlex
from collections.abc import Sequence

import torch

from ablations.costs.proof_suite import prove_study
from ablations.own_code import code_of
from ablations.records.folder import WRITTEN, check_writable, tidy
from ablations.records.run_record import Run
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS, TimingRecord
from ablations.records.trial_record import TRIALS, TrialRecord
from ablations.run.launcher import choose_device, run_trials
from ablations.run.strangers_code import own_code
from ablations.study.run_settings import RunSettings
from ablations.study.study import Study
from ablations.texts import inert
from ablations.training.bench import measure_timings
from ablations.training.environment import describe_environment
from ablations.training.progress import Progress
from ablations.training.setup import Setup, make_setups


def execute(
    studies: Sequence[Study],
    settings: RunSettings,
    argv: Sequence[str],
    progress: Progress,
    debug: bool = False,
) -> Run:
    """Checks everything, proves the costs, trains and times what is not yet recorded in the output
    folder.

    Args:
        studies: What is compared.
        settings: Of the run.
        argv: The command line, for the report.
        progress: Told what happens.
        debug: Whether a trial that fails raises its error, in place of recording it.

    Raises:
        SettingError: Before anything is written, for what cannot be run.
    """
    check_writable("output", settings.output, WRITTEN)
    device = torch.device("cpu")
    setups: list[Setup] = []
    if settings.train:
        device = choose_device(settings.train.device)
        setups = make_setups(studies, settings.train, progress.images_seen)
    proofs = {study.name: prove_study(study, settings.cost_model) for study in studies}
    records: list[TrialRecord] = []
    timings: list[TimingRecord] = []
    if settings.train:
        output = settings.output
        tidy(output)
        trials = Store(output, TRIALS, progress.notice)
        timed = Store(output, TIMINGS, progress.notice)
        records = run_trials(setups, settings, device, trials, progress, debug)
        timings = measure_timings(setups, device, timed, progress, debug)
    here = describe_environment(device)
    typed, code = inert(shlex.join(argv)), code_of(own_code(studies, settings))
    return Run(studies, settings, proofs, records, timings, here, typed, code)
