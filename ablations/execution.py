"""Runs studies: proofs, trials and timings."""

import shlex
from collections.abc import Sequence

import torch

from ablations.checks import check_run
from ablations.data import load_data
from ablations.environment import describe_environment
from ablations.launch import choose_device, distinct_variants, run_trials
from ablations.progress import Progress
from ablations.runs import Run
from ablations.settings import RunSettings
from ablations.timing import measure_timings
from ablations.timings import TimingRecord, TimingStore
from ablations.trials import TrialRecord, TrialStore
from ablations.variants import Study
from ablations.verify import prove_study
from involution_core.architectures import ARCHITECTURES


def execute(
    studies: Sequence[Study], settings: RunSettings, argv: Sequence[str], progress: Progress
) -> Run:
    """Checks everything, proves the costs, trains and times what is not yet recorded in the output
    folder.

    Raises SettingError, before anything is written, for what cannot be run.
    """
    check_run(studies, settings)
    device = torch.device("cpu")
    if settings.train:
        device = choose_device(settings.train.device)
        data = load_data(
            settings.train.dataset, settings.train.data_dir, settings.train.architecture.image_size
        )
    architecture = ARCHITECTURES[settings.cost_model]
    proofs = {study.name: prove_study(study, architecture) for study in studies}
    records: list[TrialRecord] = []
    timings: list[TimingRecord] = []
    if settings.train:
        store = TrialStore(settings.output)
        records = run_trials(studies, settings.train, settings.seeds, data, device, store, progress)
        variants, stored = distinct_variants(studies), TimingStore(settings.output)
        timings = measure_timings(variants, settings.train, data, device, stored, progress)
    here = describe_environment(device)
    return Run(studies, settings, proofs, records, timings, here, shlex.join(argv))
