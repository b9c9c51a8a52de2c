"""Times the variants of a run and records what was measured."""

from collections.abc import Sequence
from datetime import UTC, datetime

import torch

from ablations.records.claims import Claims
from ablations.records.folder import write_log
from ablations.records.key import RecordKey
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS, TimingRecord, load_session
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
from ablations.training.environment import describe_environment
from ablations.training.setup import Setup


def measure_timings(
    setups: Sequence[Setup],
    device: torch.device,
    store: Store[TimingRecord],
    emit: Emit,
    debug: bool = False,
) -> list[TimingRecord]:
    """Return one record per variant: all found in `store`, or all measured now, together.

    Call it while nothing else runs. If another run measures in the same folder, its end is waited
    for. The error of a failed measurement goes into its record and log; with `debug` it is raised.
    """
    keys = [setup.key(device) for setup in setups]
    emit(TimingsStarted(len(setups)))
    claims = Claims(store.output, lambda line: emit(Notice(line)))
    with claims, claims.hold("timings", "measures speed and memory"):
        records = load_session(store, keys)
        reused = records is not None
        if records is None:
            records = _measure(setups, keys, device, store, emit, debug)
    for record in records:
        emit(TimingRecorded(record, reused))
    return records


def _measure(
    setups: Sequence[Setup],
    keys: Sequence[RecordKey],
    device: torch.device,
    store: Store[TimingRecord],
    emit: Emit,
    debug: bool,
) -> list[TimingRecord]:
    def on_turn(variant: Variant, turn: int) -> None:
        emit(MeasuringSpeed(variant, turn) if turn else MeasuringMemory(variant))

    session = datetime.now(UTC).isoformat()
    environment = describe_environment(device)
    results = measure(setups, device, on_turn, debug)
    records = []
    for setup, key, result in zip(setups, keys, results, strict=True):
        log = None
        if result.failure is not None:
            stem = f"timing-{key.stem(TIMINGS.format)}"
            log = write_log(store.output, stem, result.failure.traceback)
        description = setup.data.description
        record = TimingRecord.of(key, description, result, session, environment, log)
        store.save(key, record)
        records.append(record)
    return records
