"""One run as a whole: proofs and trials of some studies."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from ablations.checks import check_run
from ablations.data import load_data
from ablations.environment import describe_environment
from ablations.launch import choose_device, distinct_variants, run_trials
from ablations.progress import Progress
from ablations.settings import RunSettings
from ablations.timing import measure_timings
from ablations.timings import TimingRecord, TimingStore
from ablations.trials import TrialRecord, TrialStore
from ablations.variants import Study
from ablations.verify import Row, prove_study
from involution_core.architectures import ARCHITECTURES


@dataclass(frozen=True)
class Run:
    """What a report is made of.

    proofs: study name -> one row for each variant, in the order of the table.
    records: of all studies; empty where nothing was trained.
    timings: one for each variant; empty where nothing was trained.
    command: the command line, as typed.
    """

    studies: Sequence[Study]
    settings: RunSettings
    proofs: Mapping[str, Sequence[Row]]
    records: Sequence[TrialRecord]
    timings: Sequence[TimingRecord]
    environment: Mapping[str, str]
    command: str

    @property
    def environments(self) -> dict[str, list[str]]:
        """What the trials were measured on, all values that occur; without trials, this machine."""
        trials = [record.environment for record in self.records]
        timings = [record.environment for record in self.timings]
        found = [*trials, *timings] or [self.environment]
        names = dict.fromkeys(name for environment in found for name in environment)
        return {
            name: list(dict.fromkeys(environment.get(name, "unknown") for environment in found))
            for name in names
        }

    @property
    def failures(self) -> list[TrialRecord]:
        """The trials without a result."""
        return [record for record in self.records if record.failure is not None]

    @property
    def verified(self) -> bool:
        return all(row.verified for rows in self.proofs.values() for row in rows)


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
