"""How far the trials of an output folder are, from its files alone. No torch."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ablations.networks.network import Network
from ablations.records.claims import process_words, running
from ablations.records.damage import Damaged
from ablations.records.folder import CHECKPOINTS
from ablations.records.requested_trials import (
    CODE,
    RequestedTrial,
    comparable,
    requested_trials,
    requested_tuning,
)
from ablations.records.run_record import Run
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS
from ablations.records.trial_record import TRIALS, TrialRecord
from ablations.study.variants import Variant

State = Literal["done", "running", "failed", "stale", "damaged", "missing"]
STATES: tuple[State, ...] = ("done", "running", "failed", "stale", "damaged", "missing")


@dataclass(frozen=True)
class TrialState:
    """The state of one trial; why: what explains it, empty for a finished trial."""

    variant: Variant
    seed: int
    state: State
    why: str = ""


@dataclass(frozen=True)
class FolderState:
    """The state of an output folder.

    Attributes:
        trials: Trials that its run requests, in the order of its table; without a run, trials with
            a record.
        tuning: Trials of its tuning that its run requests.
        waiting: Number of trials that depend on a tuning that has not finished.
        run: Whether the folder has a run.
        timed: Number of variants with a timing.
        damaged: Damaged files that belong to none of the trials.
        set_aside: Number of files that runs have found damaged.
        begun: Number of checkpoints, of trials that run or were interrupted.
    """

    trials: Sequence[TrialState]
    tuning: Sequence[TrialState]
    waiting: int
    run: bool
    timed: int
    damaged: Sequence[Damaged]
    set_aside: int
    begun: int


Trained = tuple[Network, int]
"""Network and seed of a trial."""

Dated = tuple[float, TrialRecord]
"""Time at which a record was written, and the record."""


@dataclass(frozen=True)
class _Contents:
    """What the files of a folder say.

    Attributes:
        records: Records by network and seed.
        damaged: Damaged files of records.
        claims: Subject and holder, in words, of each claim that is held.
    """

    records: Mapping[Trained, Sequence[Dated]]
    damaged: Mapping[Path, Damaged]
    claims: Sequence[tuple[Mapping[str, Any], str]]

    def of(self, trial: RequestedTrial) -> Sequence[Dated]:
        """Return the records of a trial's network and seed."""
        return self.records.get((trial.variant.network, trial.seed), ())


def folder_state(output: Path, run: Run | None, variants: Iterable[Variant] = ()) -> FolderState:
    """Return the state of an output folder.

    Args:
        output: The folder.
        run: Its run; None if it has none.
        variants: Variants of the run, each once, with the training that a tuning chose; none until
            it ends.
    """
    contents = _read(output)
    requested = [] if run is None else list(requested_trials(run, variants))
    tuning = [] if run is None else list(requested_tuning(run))
    if run is None:
        trials = [_recorded(record) for dated in contents.records.values() for _, record in dated]
        trials += [one for claim in contents.claims for one in _running(*claim)]
    else:
        trials = _states(requested, contents)
    prefixes = tuple(trial.prefix for trial in (*tuning, *requested))
    others = [
        damaged
        for path, damaged in contents.damaged.items()
        if not damaged.other_format and not (prefixes and path.name.startswith(prefixes))
    ]
    return FolderState(
        trials=trials,
        tuning=_states(tuning, contents),
        waiting=run.wanted if run is not None and run.choosing else 0,
        run=run is not None,
        timed=_timed(output),
        damaged=others,
        set_aside=sum(
            1 for kind in (TRIALS, TIMINGS) for _ in (output / kind.folder).glob("*.corrupt*")
        ),
        begun=sum(1 for _ in (output / CHECKPOINTS).glob("*.pt")),
    )


def _read(output: Path) -> _Contents:
    store = Store(output, TRIALS)
    records: dict[Trained, list[Dated]] = {}
    damaged: dict[Path, Damaged] = {}
    for path in store.files():
        try:
            record = store.read(path)
            trained = (record.variant.network, record.seed)
            records.setdefault(trained, []).append((_written(path), record))
        except Damaged as error:
            damaged[path] = error
        except FileNotFoundError:
            continue  # a run has just set it aside
    claims = [(one.get("subject"), _held(one)) for one in running(output).values()]
    subjects = [(subject, words) for subject, words in claims if isinstance(subject, dict)]
    return _Contents(records, damaged, subjects)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _held(signed: Mapping[str, Any]) -> str:
    since = f" since {signed['since']}" if "since" in signed else ""
    return process_words(signed) + since


def _timed(output: Path) -> int:
    """Return the number of variants with a timing that is used again."""
    store, timed = Store(output, TIMINGS), set()
    for path in store.files():
        try:
            record = store.read(path)
        except (Damaged, FileNotFoundError):
            continue
        if record.reusable:
            timed.add((record.variant.network, tuple(sorted(map(str, record.settings.items())))))
    return len(timed)


Latest = Mapping[tuple[str, str], TrialRecord]
"""(data set, code) -> the latest record that fits a requested trial. Without loading the one and
importing the other, it tells records of earlier images and code."""


def _latest(requested: Sequence[RequestedTrial], contents: _Contents) -> Latest:
    latest: dict[tuple[str, str], tuple[float, TrialRecord]] = {}
    for trial in requested:
        for written, record in contents.of(trial):
            kind = _kind(record)
            if trial.fits(record) and (kind not in latest or written > latest[kind][0]):
                latest[kind] = (written, record)
    return {kind: record for kind, (_, record) in latest.items()}


def _kind(record: TrialRecord) -> tuple[str, str]:
    size = record.variant.image_size
    return f"{record.settings.get('dataset')} {size}", str(record.variant.own_code)


def _states(requested: Sequence[RequestedTrial], contents: _Contents) -> list[TrialState]:
    latest = _latest(requested, contents)
    fitting = [
        [record for _, record in contents.of(trial) if trial.fits(record)] for trial in requested
    ]
    used = {id(record) for records in fitting for record in records}
    return [
        _state(trial, contents, latest, records, used)
        for trial, records in zip(requested, fitting, strict=True)
    ]


def _state(
    trial: RequestedTrial,
    contents: _Contents,
    latest: Latest,
    fitting: Sequence[TrialRecord],
    used: Collection[int],
) -> TrialState:
    """Return the state of a trial.

    Args:
        trial: The trial.
        contents: What the folder holds.
        latest: The latest records.
        fitting: Records that fit the trial.
        used: Ids of the records that fit any requested trial.
    """
    for subject, words in contents.claims:
        if trial.claimed_by(subject):
            return _told(trial, "running", words)
    for record in fitting:
        if not _changed(record, latest):
            return _recorded(record) if record.failure else _told(trial, "done")
    for path, damaged in contents.damaged.items():
        if path.name.startswith(trial.prefix):
            state: State = "stale" if damaged.other_format else "damaged"
            return _told(trial, state, f"{path.name}: {damaged.reason}")
    for record in fitting:
        return _told(trial, "stale", f"made with other {_changed(record, latest)}")
    return _stale_or_missing(trial, contents, used)


def _told(trial: RequestedTrial, state: State, why: str = "") -> TrialState:
    return TrialState(trial.variant, trial.seed, state, why)


def _changed(record: TrialRecord, latest: Latest) -> str:
    """Return what differs from the latest record, or an empty string."""
    newest = latest[_kind(record)]
    if record.images != newest.images:
        return "images"
    return "code" if record.settings.get(CODE) != newest.settings.get(CODE) else ""


def _stale_or_missing(
    trial: RequestedTrial, contents: _Contents, used: Collection[int]
) -> TrialState:
    for _, record in contents.of(trial):
        if id(record) in used:
            continue
        mine, its = trial.settings, comparable(record.settings)
        names = [name for name in mine if mine[name] != its.get(name)]
        told = [f"{name} {its.get(name)}" for name in names[:3]] or [f"device {record.device}"]
        return _told(trial, "stale", f"there is a record with {', '.join(told)}")
    return _told(trial, "missing")


def _recorded(record: TrialRecord) -> TrialState:
    if record.failure is None:
        return TrialState(record.variant, record.seed, "done")
    again = "; it will be tried again" if record.transient else ""
    return TrialState(record.variant, record.seed, "failed", f"{record.failure}{again}")


def _running(subject: Mapping[str, Any], words: str) -> Iterator[TrialState]:
    """Yield the trial of a claim, if it is one's."""
    try:
        variant, seed = Variant(**subject["network"]), int(subject["seed"])
    except (KeyError, TypeError, ValueError):
        return  # no claim of a trial, or of another version
    yield TrialState(variant, seed, "running", words)
