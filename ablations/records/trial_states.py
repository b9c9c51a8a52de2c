"""How far the trials of an output folder are, from its files alone. No torch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ablations.records.claims import holder_words, running
from ablations.records.damage import Damaged
from ablations.records.key import RecordKey
from ablations.records.run_record import Run
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS
from ablations.records.trial_record import TRIALS, TrialRecord
from ablations.study.study import distinct_variants
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
        run: Whether it says what it wants.
        timed: Variants with a timing.
        damaged: Files that cannot be read and belong to none of the trials.
        set_aside: Files that runs have found damaged.
    """

    trials: Sequence[TrialState]
    run: bool
    timed: int
    damaged: Sequence[Damaged]
    set_aside: int


@dataclass(frozen=True)
class _Found:
    """What the files of a folder say. claims: subject and words of each claim that is held."""

    records: Mapping[Path, TrialRecord]
    damaged: Mapping[Path, Damaged]
    claims: Sequence[tuple[Mapping[str, Any], str]]


def folder_state(output: Path, run: Run | None) -> FolderState:
    """How far a folder is. run: what is wanted of it; None where it does not say."""
    found = _found(output)
    wanted = [] if run is None else list(_wanted(run))
    if run is None:
        trials = [_recorded(record) for record in found.records.values()]
        trials += [one for claim in found.claims for one in _running(*claim)]
    else:
        trials = [_state(key, found, _accepted(wanted, found)) for key in wanted]
    prefixes = tuple(_prefix(key) for key in wanted)
    others = [
        damaged
        for path, damaged in found.damaged.items()
        if not prefixes or not path.name.startswith(prefixes)
    ]
    set_aside = sum(
        1 for kind in (TRIALS, TIMINGS) for _ in (output / kind.folder).glob("*.corrupt*")
    )
    return FolderState(trials, run is not None, _timed(output), others, set_aside)


def _found(output: Path) -> _Found:
    store = Store(output, TRIALS)
    records: dict[Path, TrialRecord] = {}
    damaged: dict[Path, Damaged] = {}
    for path in store.files():
        try:
            records[path] = store.read(path)
        except Damaged as error:
            damaged[path] = error
        except FileNotFoundError:
            continue  # a run has just set it aside
    claims = [(one.get("subject"), _held(one)) for one in running(output).values()]
    subjects = [(subject, words) for subject, words in claims if isinstance(subject, dict)]
    return _Found(records, damaged, subjects)


def _held(signed: Mapping[str, Any]) -> str:
    since = f" since {signed['since']}" if "since" in signed else ""
    return holder_words(signed).removeprefix("another run ").strip("()") + since


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


def _wanted(run: Run) -> Iterator[RecordKey]:
    """The trials of a run, by what its studies say; the images are not known without them."""
    train = run.settings.train
    if train is None:
        return
    for variant in distinct_variants(run.studies):
        for seed in range(run.settings.seeds):
            own = train.for_variant(variant)
            yield RecordKey(variant, own.identity(), "", own.device, seed)


def _prefix(key: RecordKey) -> str:
    return f"{key.variant.slug}-seed{key.seed}-"


def _settings(record: TrialRecord | RecordKey) -> dict[str, object]:
    """Without a user's code, which only its import would tell."""
    return {name: value for name, value in record.settings.items() if name != CODE}


def _fits(key: RecordKey, record: TrialRecord) -> bool:
    return (
        (record.variant.network, record.seed) == (key.variant.network, key.seed)
        and _settings(record) == _settings(key)
        and key.device in ("auto", record.device)
    )


Accepted = Mapping[tuple[str, str], tuple[str | None, object]]
"""(data set, network) -> images and code of the latest record that fits: without loading the one
and importing the other, the latest is what tells an earlier state of them."""


def _accepted(wanted: Sequence[RecordKey], found: _Found) -> Accepted:
    latest: dict[tuple[str, str], tuple[str | None, object]] = {}
    dated = sorted(found.records.items(), key=lambda item: _written(item[0]))
    for _, record in dated:
        if any(_fits(key, record) for key in wanted):
            latest[_kind(record)] = (record.images or record.data, record.settings.get(CODE))
    return latest


def _kind(record: TrialRecord) -> tuple[str, str]:
    size = record.variant.image_size
    return f"{record.settings.get('dataset')} {size}", str(record.variant.own_code)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _state(key: RecordKey, found: _Found, accepted: Accepted) -> TrialState:
    def state(name: State, why: str = "") -> TrialState:
        return TrialState(key.variant, key.seed or 0, name, why)

    for subject, words in found.claims:
        if _claims(subject, key):
            return state("running", words)
    fitting = [record for record in found.records.values() if _fits(key, record)]
    for record in fitting:
        if not _changed(record, accepted):
            return _recorded(record) if record.failure else state("done")
    for path, damaged in found.damaged.items():
        if path.name.startswith(_prefix(key)):
            return state("damaged", f"{path.name}: {damaged.reason}")
    for record in fitting:
        return state("stale", f"made with other {_changed(record, accepted)}")
    return _stale_or_missing(key, found, state)


def _claims(subject: Mapping[str, Any], key: RecordKey) -> bool:
    settings = subject.get("settings")
    if not isinstance(settings, dict):
        return False
    mine = key.subject | {"settings": _settings(key)}
    its = {**subject, "settings": {k: v for k, v in settings.items() if k != CODE}}
    return all(its.get(name) == mine[name] for name in ("network", "seed", "settings"))


def _changed(record: TrialRecord, accepted: Accepted) -> str:
    """What of the record is not the latest; empty where all of it is."""
    images, code = accepted.get(_kind(record), (record.images or record.data, None))
    known = record.images is not None and images is not None
    if known and record.images != images and record.data != images:
        return "images"
    return "code" if record.settings.get(CODE) != code else ""


def _stale_or_missing(key: RecordKey, found: _Found, state: Any) -> TrialState:
    for record in found.records.values():
        if (record.variant.network, record.seed) != (key.variant.network, key.seed):
            continue
        mine, its = _settings(key), _settings(record)
        names = [name for name in mine if mine[name] != its.get(name)]
        if key.device not in ("auto", record.device):
            names.append("device")
        told = ", ".join(f"{name} {its.get(name)}" for name in names[:3])
        return state("stale", f"there is a record with {told}")
    return state("missing")


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
