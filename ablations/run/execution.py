"""Runs studies: proofs, tuning, trials and timings."""

import itertools
import shlex
from collections.abc import Sequence
from dataclasses import replace

import torch

from ablations.costs.proof import Proof
from ablations.costs.proof_suite import prove_study
from ablations.own_code import code_of
from ablations.records.folder import WRITTEN, check_writable, tidy
from ablations.records.run_record import Run
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS
from ablations.records.trial_record import TrialRecord
from ablations.results.tuning_result import trained_variants
from ablations.run.code_trust import own_code
from ablations.run.context import RunContext, choose_device
from ablations.run.engines.choice import check_engine
from ablations.run.engines.processes import start_server
from ablations.run.events import Emit, Listener, NetworksCounted, RunUpdated, scanning
from ablations.run.stopping import Stop
from ablations.run.timings import measure_timings
from ablations.run.trials import failures_allowed, run_seeded, run_trials
from ablations.run.tuning import tuning_trials
from ablations.study.run_settings import LOCAL, RunSettings
from ablations.study.study import Study, distinct_variants
from ablations.study.train_settings import TrainSettings
from ablations.texts import inert
from ablations.training.data_sets import DataSets, timing_specs
from ablations.training.environment import describe_environment
from ablations.training.step import check_compiler
from ablations.training.trial_spec import TimingSpec, TrialSpec


def execute(
    studies: Sequence[Study],
    settings: RunSettings,
    argv: Sequence[str],
    listener: Listener,
    debug: bool = False,
    stop: Stop | None = None,
) -> Run:
    """Check everything, prove the costs, then tune, train and time what is not recorded yet.

    Args:
        studies: The studies.
        settings: Settings of the run.
        argv: The command line, for the report.
        listener: Receives the events of the run.
        debug: Whether the error of a failed trial is raised instead of recorded.
        stop: Asked by signals and by too many failures.

    Returns:
        The run; partial if it was stopped or other shards have not finished.

    Raises:
        SettingError: Before anything is written, if the run is impossible.
        KeyboardInterrupt: If it is stopped before any trial, or immediately.
    """
    check_writable("output", settings.output, WRITTEN)
    device = torch.device("cpu")
    data_sets = DataSets(scanning(listener.on))
    specs: list[TimingSpec] = []
    candidates: list[TrialSpec] = []
    if settings.train:
        device = _checked_device(settings, settings.train)
        if settings.engine == LOCAL and settings.jobs != "0" and not debug:
            start_server(settings.train.threads)  # imports torch while the costs are proven
        specs = timing_specs(distinct_variants(studies), settings.train, device, data_sets)
        candidates = tuning_trials(studies, settings.train, device, data_sets)
    run = Run(
        studies=studies,
        settings=settings,
        proofs=_proofs(studies, settings.cost_model, listener.on),
        records=[],
        timings=[],
        environment=describe_environment(device),
        command=inert(shlex.join(argv)),
        code=code_of(own_code(studies, settings)),
        wanted=len(specs) * settings.seeds,
    )
    if not settings.train:
        return run
    tidy(settings.output)
    context = RunContext(settings, device, listener.on, data_sets, stop or Stop(), debug)
    if candidates:
        run = _tune(context, run, candidates)
        if context.stop.asked:
            return run
        variants = trained_variants(studies, run.tuning)
        specs = timing_specs(variants, settings.train, device, data_sets)
        run = replace(run, wanted=len(specs) * settings.seeds)
    return _train_and_time(context, run, specs)


def _checked_device(settings: RunSettings, train: TrainSettings) -> torch.device:
    device = choose_device(train.device)
    check_engine(settings, device)
    if train.compile == "yes":
        check_compiler(device)
    return device


def _tune(context: RunContext, run: Run, candidates: Sequence[TrialSpec]) -> Run:
    """Train the candidates of all tuned variants; return the run with their records."""

    def on_records(found: Sequence[TrialRecord]) -> None:
        context.emit(RunUpdated(replace(run, tuning=found)))

    # Every shard needs all choices, so the shards share these trials by claims.
    settings = replace(context.settings, save_weights=False, shard=None)
    allowed = failures_allowed(settings, len(candidates))
    tuned = run_seeded(replace(context, settings=settings), candidates, True, allowed, on_records)
    return replace(run, tuning=tuned)


def _train_and_time(context: RunContext, run: Run, specs: Sequence[TimingSpec]) -> Run:
    def on_records(found: Sequence[TrialRecord]) -> None:
        context.emit(RunUpdated(replace(run, records=found)))

    run = replace(run, records=run_trials(context, specs, on_records))
    if context.stop.asked or run.partial:  # other shards have not finished
        return run
    store = Store(context.settings.output, TIMINGS, context.notice)
    try:
        data_sets, debug = context.data_sets, context.debug
        timings = measure_timings(specs, data_sets, store, context.emit, debug)
        return replace(run, timings=timings)
    except KeyboardInterrupt:
        if not context.stop.reports:
            raise
        return run


def _proofs(studies: Sequence[Study], cost_model: str, emit: Emit) -> dict[str, list[Proof]]:
    """Return the proofs of each study, by its name."""
    total = sum(len({variant.network for variant in s.variants.values()}) for s in studies)
    counted = itertools.count(1)

    def on_proof(proof: Proof) -> None:
        emit(NetworksCounted(next(counted), total))

    return {study.name: prove_study(study, cost_model, on_proof) for study in studies}
