"""Times the variants of a run and records what was measured."""

from collections.abc import Sequence
from datetime import UTC, datetime

import torch

from ablations.records.claims import Claims
from ablations.records.folder import write_log
from ablations.records.store import Store
from ablations.records.timing_record import TimingRecord, load_session
from ablations.run.events import (
    Emit,
    MeasuringMemory,
    MeasuringSpeed,
    Notice,
    TimingRecorded,
    TimingsStarted,
)
from ablations.study.variants import Variant
from ablations.training.bench import measure
from ablations.training.data_sets import DataSets
from ablations.training.environment import describe_environment
from ablations.training.trial_spec import TimingSpec


def measure_timings(
    specs: Sequence[TimingSpec],
    data_sets: DataSets,
    store: Store[TimingRecord],
    emit: Emit,
    debug: bool = False,
) -> list[TimingRecord]:
    """Return one record per variant: all found in `store`, or all measured now, together.

    Call it while nothing else runs. If another run measures in the same folder, its end is waited
    for. The error of a failed measurement goes into its record and log; with `debug` it is raised.
    """
    emit(TimingsStarted(len(specs)))
    claims = Claims(store.output, lambda line: emit(Notice(line)))
    with claims, claims.hold("timings", "measures speed and memory"):
        records = load_session(store, specs)
        reused = records is not None
        if records is None:
            records = _measure(specs, data_sets, store, emit, debug)
    for record in records:
        emit(TimingRecorded(record, reused))
    return records


def _measure(
    specs: Sequence[TimingSpec],
    data_sets: DataSets,
    store: Store[TimingRecord],
    emit: Emit,
    debug: bool,
) -> list[TimingRecord]:
    def on_turn(variant: Variant, turn: int) -> None:
        emit(MeasuringSpeed(variant, turn) if turn else MeasuringMemory(variant))

    session = datetime.now(UTC).isoformat()
    environment = describe_environment(torch.device(specs[0].device))
    results = measure(specs, data_sets, on_turn, debug)
    records = []
    for spec, result in zip(specs, results, strict=True):
        log = None
        if result.failure is not None:
            log = write_log(store.output, f"timing-{spec.name}", result.failure.traceback)
        description = data_sets.of(spec).description
        record = TimingRecord.of(spec, description, result, session, environment, log)
        store.save(record)
        records.append(record)
    return records
