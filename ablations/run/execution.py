"""Runs studies: proofs, trials and timings."""

import shlex
from collections.abc import Sequence

import torch

from ablations.costs.proof_suite import prove_study
from ablations.data.images import ImageData
from ablations.data.registry import Wanted
from ablations.records.folder import WRITTEN, check_writable
from ablations.records.run_record import Run
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS, TimingRecord
from ablations.records.trial_record import TRIALS, TrialRecord
from ablations.results.tuning_result import trained_variants
from ablations.run.launcher import choose_device, run_seeded, run_trials
from ablations.run.tuning import tuning_trials
from ablations.study.run_settings import RunSettings
from ablations.study.study import Study, distinct_variants
from ablations.training.bench import measure_timings
from ablations.training.environment import describe_environment
from ablations.training.progress import STUDY, TUNING, Progress
from ablations.training.setup import Setup, setups_of


def execute(
    studies: Sequence[Study],
    settings: RunSettings,
    argv: Sequence[str],
    progress: Progress,
    debug: bool = False,
) -> Run:
    """Checks everything, proves the costs, tunes, trains and times what is not yet recorded in the
    output folder.

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
    loaded: dict[Wanted, ImageData] = {}
    setups: list[Setup] = []
    candidates: list[tuple[Setup, int]] = []
    if settings.train:
        device = choose_device(settings.train.device)
        setups = setups_of(distinct_variants(studies), settings.train, loaded)
        candidates = tuning_trials(studies, settings.train, loaded)
    proofs = {study.name: prove_study(study, settings.cost_model) for study in studies}
    tuning: list[TrialRecord] = []
    records: list[TrialRecord] = []
    timings: list[TimingRecord] = []
    if settings.train:
        output = settings.output
        trials, timed = Store(output, TRIALS), Store(output, TIMINGS)
        if candidates:
            progress.pass_starts(TUNING)
            tuning = run_seeded(candidates, settings.jobs, device, trials, progress, debug)
            setups = setups_of(trained_variants(studies, tuning), settings.train, loaded)
            progress.pass_starts(STUDY)
        records = run_trials(setups, settings, device, trials, progress, debug)
        timings = measure_timings(setups, device, timed, progress, debug)
    here = describe_environment(device)
    return Run(studies, settings, proofs, records, timings, here, shlex.join(argv), tuning)
