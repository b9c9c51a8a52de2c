"""How far the trials of an output folder are, from its files alone. No torch."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ablations.data.registry import recorded_name
from ablations.networks.network import Network
from ablations.records.claims import process_words, running
from ablations.records.damage import Damaged
from ablations.records.folder import CHECKPOINTS
from ablations.records.run_record import Run
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS
from ablations.records.trial_record import TRIALS, TrialRecord
from ablations.study.study import tuning_candidates
from ablations.study.train_settings import VALIDATION, TrainSettings, whole_identity
from ablations.study.variants import Variant

State = Literal["done", "running", "failed", "stale", "damaged", "missing"]
STATES: tuple[State, ...] = ("done", "running", "failed", "stale", "damaged", "missing")

CODE = "code"
"""The setting that holds the digests of a user's code."""


@dataclass(frozen=True)
class TrialState:
    """How far one trial is; why: what there is to say of it, empty for one that is done."""

    variant: Variant
    seed: int
    state: State
    why: str = ""


@dataclass(frozen=True)
class FolderState:
    """How far an output folder is.

    Attributes:
        trials: Those that its run wants, in the order of its table; without a run, those that have
            a record.
        tuning: Those of its tuning that its run wants.
        waiting: Trials that follow as the tuning chooses, which has not ended.
        run: Whether it says what it wants.
        timed: Variants with a timing.
        damaged: Files that cannot be read and belong to none of the trials.
        set_aside: Files that runs have found damaged.
        begun: Checkpoints, of trials that run or have been interrupted.
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
"""When its file was written, and a record."""


@dataclass(frozen=True)
class Requested:
    """A trial that the studies of a run ask for, as far as it is known without its images.

    Attributes:
        variant: Its variant.
        settings: The settings that decide its numbers, without the digests of a user's code.
        device: "auto", "cpu" or "cuda".
        seed: Its seed.
    """

    variant: Variant
    settings: Mapping[str, object]
    device: str
    seed: int


@dataclass(frozen=True)
class _Found:
    """What the files of a folder say.

    records: by network and seed.
    claims: subject and words of each claim that is held.
    """

    records: Mapping[Trained, Sequence[Dated]]
    damaged: Mapping[Path, Damaged]
    claims: Sequence[tuple[Mapping[str, Any], str]]


def folder_state(output: Path, run: Run | None, variants: Iterable[Variant] = ()) -> FolderState:
    """How far a folder is.

    Args:
        output: The folder.
        run: What is wanted of it; None where it does not say.
        variants: Of the run, each once, as they are trained; none while its tuning goes on.
    """
    found = _found(output)
    wanted = [] if run is None else list(_wanted(run, variants))
    tried = [] if run is None else list(_wanted_by_tuning(run))
    if run is None:
        trials = [_recorded(record) for dated in found.records.values() for _, record in dated]
        trials += [one for claim in found.claims for one in _running(*claim)]
    else:
        trials = _states(wanted, found)
    prefixes = tuple(_prefix(trial) for trial in (*tried, *wanted))
    others = [
        damaged
        for path, damaged in found.damaged.items()
        if not damaged.other_format and not (prefixes and path.name.startswith(prefixes))
    ]
    set_aside = sum(
        1 for kind in (TRIALS, TIMINGS) for _ in (output / kind.folder).glob("*.corrupt*")
    )
    waiting = run.wanted if run is not None and run.choosing else 0
    return FolderState(
        trials,
        _states(tried, found),
        waiting,
        run is not None,
        _timed(output),
        others,
        set_aside,
        sum(1 for _ in (output / CHECKPOINTS).glob("*.pt")),
    )


def _found(output: Path) -> _Found:
    store = Store(output, TRIALS)
    records: dict[Trained, list[Dated]] = {}
    damaged: dict[Path, Damaged] = {}
    for path in store.files():
        try:
            record = store.read(path)
            trial = (record.variant.network, record.seed)
            records.setdefault(trial, []).append((_written(path), record))
        except Damaged as error:
            damaged[path] = error
        except FileNotFoundError:
            continue  # a run has just set it aside
    claims = [(one.get("subject"), _held(one)) for one in running(output).values()]
    subjects = [(subject, words) for subject, words in claims if isinstance(subject, dict)]
    return _Found(records, damaged, subjects)


def _held(signed: Mapping[str, Any]) -> str:
    since = f" since {signed['since']}" if "since" in signed else ""
    return process_words(signed) + since


def _timed(output: Path) -> int:
    store, timed = Store(output, TIMINGS), set()
    for path in store.files():
        try:
            record = store.read(path)
        except (Damaged, FileNotFoundError):
            continue
        if record.reusable:
            timed.add((record.variant.network, tuple(sorted(map(str, record.settings.items())))))
    return len(timed)


def _wanted(run: Run, variants: Iterable[Variant]) -> Iterator[Requested]:
    """The trials of a run, by what its studies say; the images are not known without them."""
    train = run.settings.train
    if train is None:
        return
    for variant in variants:
        for seed in range(run.settings.seeds):
            yield _requested(variant, train, seed)


def _wanted_by_tuning(run: Run) -> Iterator[Requested]:
    """Those of its tuning."""
    train = run.settings.train
    if train is None:
        return
    for variant, seeds in tuning_candidates(run.studies).items():
        for seed in seeds:
            yield _requested(variant, replace(train, split=VALIDATION), seed)


def _requested(variant: Variant, train: TrainSettings, seed: int) -> Requested:
    own = train.for_variant(variant)
    settings = own.identity() | {"dataset": recorded_name(own.dataset)}
    return Requested(variant, settings, own.device, seed)


def _prefix(trial: Requested) -> str:
    return f"{trial.variant.slug}-seed{trial.seed}-"


def _settings(record: TrialRecord | Requested) -> dict[str, object]:
    """Without a user's code, which only its import would tell."""
    found = whole_identity(record.settings)
    return {name: value for name, value in found.items() if name != CODE}


def _of(trial: Requested, found: _Found) -> Sequence[Dated]:
    """The records of a trial's network and seed."""
    return found.records.get((trial.variant.network, trial.seed), ())


def _fits(trial: Requested, record: TrialRecord) -> bool:
    return _settings(record) == _settings(trial) and trial.device in ("auto", record.device)


Accepted = Mapping[tuple[str, str], TrialRecord]
"""(data set, code) -> the latest record that fits: without loading the one and importing the other,
it is what tells an earlier state of them."""


def _accepted(wanted: Sequence[Requested], found: _Found) -> Accepted:
    latest: dict[tuple[str, str], tuple[float, TrialRecord]] = {}
    for trial in wanted:
        for written, record in _of(trial, found):
            kind = _kind(record)
            if _fits(trial, record) and (kind not in latest or written > latest[kind][0]):
                latest[kind] = (written, record)
    return {kind: record for kind, (_, record) in latest.items()}


def _kind(record: TrialRecord) -> tuple[str, str]:
    size = record.variant.image_size
    return f"{record.settings.get('dataset')} {size}", str(record.variant.own_code)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _states(wanted: Sequence[Requested], found: _Found) -> list[TrialState]:
    accepted = _accepted(wanted, found)
    fitting = [
        [record for _, record in _of(trial, found) if _fits(trial, record)] for trial in wanted
    ]
    used = {id(record) for records in fitting for record in records}
    return [
        _state(trial, found, accepted, records, used)
        for trial, records in zip(wanted, fitting, strict=True)
    ]


def _state(
    trial: Requested,
    found: _Found,
    accepted: Accepted,
    fitting: Sequence[TrialRecord],
    used: Collection[int],
) -> TrialState:
    """fitting: the records that are of this trial; used: those, by id, that are of any trial that
    is wanted."""
    for subject, words in found.claims:
        if _claims(subject, trial):
            return _told(trial, "running", words)
    for record in fitting:
        if not _changed(record, accepted):
            return _recorded(record) if record.failure else _told(trial, "done")
    for path, damaged in found.damaged.items():
        if path.name.startswith(_prefix(trial)):
            state: State = "stale" if damaged.other_format else "damaged"
            return _told(trial, state, f"{path.name}: {damaged.reason}")
    for record in fitting:
        return _told(trial, "stale", f"made with other {_changed(record, accepted)}")
    return _stale_or_missing(trial, found, used)


def _told(trial: Requested, state: State, why: str = "") -> TrialState:
    return TrialState(trial.variant, trial.seed, state, why)


def _claims(subject: Mapping[str, Any], trial: Requested) -> bool:
    settings = subject.get("settings")
    if not isinstance(settings, dict):
        return False
    network = asdict(trial.variant.network)
    mine = {"network": network, "seed": trial.seed, "settings": _settings(trial)}
    its = {**subject, "settings": {k: v for k, v in whole_identity(settings).items() if k != CODE}}
    return all(its.get(name) == value for name, value in mine.items())


def _changed(record: TrialRecord, accepted: Accepted) -> str:
    """What of the record is not the latest; empty where all of it is."""
    latest = accepted[_kind(record)]
    if record.images != latest.images:
        return "images"
    return "code" if record.settings.get(CODE) != latest.settings.get(CODE) else ""


def _stale_or_missing(trial: Requested, found: _Found, used: Collection[int]) -> TrialState:
    for _, record in _of(trial, found):
        if id(record) in used:
            continue
        mine, its = _settings(trial), _settings(record)
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
    """Of a claim in a folder that does not say what it wants."""
    try:
        variant, seed = Variant(**subject["network"]), int(subject["seed"])
    except (KeyError, TypeError, ValueError):
        return  # no claim of a trial, or of another version
    yield TrialState(variant, seed, "running", words)
