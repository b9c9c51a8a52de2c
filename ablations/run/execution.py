"""Runs studies: proofs, trials and timings."""

import shlex
from collections.abc import Callable, Sequence

import torch

from ablations.costs.proof_suite import prove_study
from ablations.own_code import code_of
from ablations.records.folder import WRITTEN, check_writable, tidy
from ablations.records.run_record import Run
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS, TimingRecord
from ablations.records.trial_record import TRIALS, TrialRecord
from ablations.run.launcher import choose_device, run_trials
from ablations.run.stopping import Stop
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
    stop: Stop | None = None,
    on_run: Callable[[Run], None] = lambda run: None,
) -> Run:
    """Checks everything, proves the costs, trains and times what is not yet recorded in the output
    folder. Where it is asked to stop, the run that comes back is a partial one.

    Args:
        studies: What is compared.
        settings: Of the run.
        argv: The command line, for the report.
        progress: Told what happens.
        debug: Whether a trial that fails raises its error, in place of recording it.
        stop: How it is asked to stop.
        on_run: Given the run so far, when its trials begin and now and then while they run.

    Raises:
        SettingError: Before anything is written, for what cannot be run.
        KeyboardInterrupt: Where it is to stop before any trial, or at once.
    """
    stop = stop or Stop()
    check_writable("output", settings.output, WRITTEN)
    device = torch.device("cpu")
    setups: list[Setup] = []
    if settings.train:
        device = choose_device(settings.train.device)
        setups = make_setups(studies, settings.train, progress.images_seen)
    proofs = {study.name: prove_study(study, settings.cost_model) for study in studies}
    here = describe_environment(device)
    typed, code = inert(shlex.join(argv)), code_of(own_code(studies, settings))

    def run_of(records: Sequence[TrialRecord], timings: Sequence[TimingRecord] = ()) -> Run:
        return Run(studies, settings, proofs, records, timings, here, typed, code)

    if not settings.train:
        return run_of([])
    tidy(settings.output)
    trials = Store(settings.output, TRIALS, progress.notice)
    timed = Store(settings.output, TIMINGS, progress.notice)
    records: list[TrialRecord] = run_trials(
        setups, settings, device, trials, progress, debug, stop, lambda found: on_run(run_of(found))
    )
    if stop.asked:
        return run_of(records)
    try:
        return run_of(records, measure_timings(setups, device, timed, progress, debug))
    except KeyboardInterrupt:
        if not stop.reports:
            raise
        return run_of(records)
