"""Runs studies: proofs, trials and timings."""

import itertools
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from ablations.costs.proof import Proof
from ablations.costs.proof_suite import prove_study
from ablations.data.images import ImageData
from ablations.data.registry import Wanted
from ablations.own_code import code_of
from ablations.records.folder import WRITTEN, check_writable, tidy
from ablations.records.run_record import Run
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS
from ablations.records.trial_record import TRIALS, TrialRecord
from ablations.results.tuning_result import trained_variants
from ablations.run.engines.choice import check_engine
from ablations.run.failure_limit import failures_allowed
from ablations.run.launcher import choose_device, run_seeded, run_trials
from ablations.run.stopping import Stop
from ablations.run.strangers_code import own_code
from ablations.run.tuning import tuning_trials
from ablations.study.run_settings import RunSettings
from ablations.study.study import Study, distinct_variants
from ablations.texts import inert
from ablations.training.bench import measure_timings
from ablations.training.compiler import check_compiler
from ablations.training.environment import describe_environment
from ablations.training.progress import STUDY, TUNING, Progress
from ablations.training.setup import Setup, setups_of


def execute(
    studies: Sequence[Study],
    settings: RunSettings,
    argv: Sequence[str],
    progress: Progress,
    debug: bool = False,
    stop: Stop | None = None,
    on_run: Callable[[Run], None] = lambda run: None,
) -> Run:
    """Checks everything, proves the costs, tunes, trains and times what is not yet recorded in the
    output folder. Where it is asked to stop, or other shards are not through, the run that comes
    back is a partial one.

    Args:
        studies: What is compared.
        settings: Of the run.
        argv: The command line, for the report.
        progress: Told what happens.
        debug: Whether a trial that fails raises its error, in place of recording it.
        stop: How it is asked to stop.
        on_run: Given the run so far, when its trials begin, those of a tuning first, and now and
            then while they run.

    Raises:
        SettingError: Before anything is written, for what cannot be run.
        KeyboardInterrupt: Where it is to stop before any trial, or at once.
    """
    stop = stop or Stop()
    check_writable("output", settings.output, WRITTEN)
    device = torch.device("cpu")
    loaded: dict[Wanted, ImageData] = {}
    setups: list[Setup] = []
    candidates: list[tuple[Setup, int]] = []
    if settings.train:
        device = choose_device(settings.train.device)
        check_engine(settings, device)
        if settings.train.compile == "yes":
            check_compiler(device)
        setups = setups_of(distinct_variants(studies), settings.train, loaded, progress.images_seen)
        candidates = tuning_trials(studies, settings.train, loaded, progress.images_seen)
    proofs = _proofs(studies, settings.cost_model, progress)
    code = code_of(own_code(studies, settings))
    whole = Run(
        studies=studies,
        settings=settings,
        proofs=proofs,
        records=[],
        timings=[],
        environment=describe_environment(device),
        command=inert(shlex.join(argv)),
        code=code,
        asked=len(setups) * settings.seeds,
    )
    if not settings.train:
        return whole
    tidy(settings.output)
    trials = Store(settings.output, TRIALS, progress.notice)
    timed = Store(settings.output, TIMINGS, progress.notice)
    if candidates:
        progress.pass_starts(TUNING)
        # All shards need what is chosen: they share the trials by their claims.
        unkept = replace(settings, save_weights=False, shard=None)

        def tell_tuning(found: Sequence[TrialRecord]) -> None:
            on_run(replace(whole, tuning=found))

        allowed = failures_allowed(settings, len(candidates))
        tuning = run_seeded(
            candidates, unkept, device, trials, progress, debug, stop, tell_tuning, allowed
        )
        whole = replace(whole, tuning=tuning)
        if stop.asked:
            return whole
        setups = setups_of(trained_variants(studies, tuning), settings.train, loaded)
        whole = replace(whole, asked=len(setups) * settings.seeds)
        progress.pass_starts(STUDY)

    def tell(found: Sequence[TrialRecord]) -> None:
        on_run(replace(whole, records=found))

    records = run_trials(setups, settings, device, trials, progress, debug, stop, tell)
    whole = replace(whole, records=records)
    if stop.asked or whole.partial:  # other shards are not through
        return whole
    try:
        return replace(whole, timings=measure_timings(setups, device, timed, progress, debug))
    except KeyboardInterrupt:
        if not stop.reports:
            raise
        return whole


def _proofs(
    studies: Sequence[Study], cost_model: str, progress: Progress
) -> dict[str, list[Proof]]:
    """The proofs of each study, by its name."""
    of = sum(len({variant.network for variant in s.variants.values()}) for s in studies)
    counted = itertools.count(1)

    def tell(proof: Proof) -> None:
        progress.costs_counted(next(counted), of)

    return {study.name: prove_study(study, cost_model, tell) for study in studies}
