"""Times the variants of a run and records what was measured."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import torch

from ablations.records.claims import Claims
from ablations.records.key import RecordKey
from ablations.records.logs import write_log
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
from ablations.training.bench import Bench, Measurement, measure
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
            measured = [Measurement(Bench(setup, device), debug) for setup in setups]
            records = _measure(keys, measured, store, emit)
    for record in records:
        emit(TimingRecorded(record, reused))
    return records


def _measure(
    keys: Sequence[RecordKey],
    measured: Sequence[Measurement],
    store: Store[TimingRecord],
    emit: Emit,
) -> list[TimingRecord]:
    def on_turn(variant: Variant, turn: int) -> None:
        emit(MeasuringSpeed(variant, turn) if turn else MeasuringMemory(variant))

    session = datetime.now(UTC).isoformat()
    environment = describe_environment(measured[0].bench.device)
    measure(measured, on_turn)
    records = []
    for key, one in zip(keys, measured, strict=True):
        log = None
        if one.failure is not None:
            log = write_log(store.output, f"timing-{key.stem(TIMINGS.format)}", one.traceback)
        record = timing_record(one, key, session, environment, log)
        store.save(key, record)
        records.append(record)
    return records


def timing_record(
    measured: Measurement,
    key: RecordKey,
    session: str,
    environment: Mapping[str, str],
    log: str | None,
) -> TimingRecord:
    """Return the record of a measurement.

    Args:
        measured: The finished measurement.
        key: Key of the record.
        session: Start of the session in which all variants were measured, in ISO 8601.
        environment: Versions and hardware.
        log: File of the traceback of a failure, in the output folder.
    """
    return TimingRecord(
        variant=measured.variant,
        settings=key.settings,
        device=key.device,
        data=measured.bench.setup.data.description,
        batch_size=measured.bench.batch_size,
        step_seconds=tuple(measured.steps),
        inference_seconds=tuple(measured.inference),
        peak_bytes=measured.peak,
        session=session,
        environment=environment,
        failure=measured.failure,
        log=log,
    )
