"""Merges output folders of one study from several machines. No torch."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablations.errors import SettingError
from ablations.records.damage import Damaged
from ablations.records.files import write_bytes
from ablations.records.folder import LOGS, WEIGHTS
from ablations.records.run_file import load_run, save_run
from ablations.records.run_record import Run
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS
from ablations.records.trial_record import TRIALS, TrialRecord
from ablations.results.tuning_result import trained_variants
from ablations.study.study import tuning_candidates
from ablations.study.variants import Variant


@dataclass(frozen=True)
class Merged:
    """The result of a merge.

    Attributes:
        run: The run saved in the new folder.
        taken: Trials taken from each folder, tunings included.
        different: Trials whose numbers differ between folders, as kept: from the folder named
            first.
    """

    run: Run
    taken: Sequence[tuple[Path, int]]
    different: Sequence[TrialRecord]


@dataclass(frozen=True)
class _Found:
    """A record and its folder."""

    record: TrialRecord
    folder: Path


def merge_folders(folders: Sequence[Path], output: Path, command: str) -> Merged:
    """Write records, logs, weights and run of some folders into a new one.

    Checkpoints are left out: another machine would not resume them. A trial in several folders is
    taken from the first that has a result. Timings are comparable only within one session, so they
    come from the first folder that has some.

    Args:
        folders: At least one; in case of doubt the first counts.
        output: The new one.
        command: The command line, for the report.

    Raises:
        SettingError: In one line, for a folder without a run or with another study; then nothing
            is written.
    """
    runs = [load_run(folder, "DIR") for folder in folders]
    for folder, run in zip(folders[1:], runs[1:], strict=True):
        for what in _differences(runs[0], run):
            raise SettingError("DIR", folder, f"is not of the study of {folders[0]}: other {what}")
    found = list(zip(folders, runs, strict=True))
    tuning, other_tuning = _union((folder, run.tuning) for folder, run in found)
    records, other_records = _union((folder, run.records) for folder, run in found)
    tuning = _in_order(tuning, list(tuning_candidates(runs[0].studies)))
    variants = trained_variants(runs[0].studies, [one.record for one in tuning])
    for one in records:
        if one.record.variant not in variants:
            problem = "its variants chose another training than the tuning of all folders does"
            raise SettingError("DIR", one.folder, problem)
    records = _in_order(records, variants)
    timed = next(((folder, run) for folder, run in found if run.timings), None)
    merged = replace(
        runs[0],
        settings=replace(runs[0].settings, output=output, shard=None),
        records=[one.record for one in records],
        tuning=[one.record for one in tuning],
        timings=timed[1].timings if timed else [],
        command=command,
        wanted=max(run.wanted for run in runs),
    )
    for one in (*tuning, *records):
        _copy(one, output)
    if timed:
        _copy_timings(timed[0], output)
    save_run(merged)
    everything = [*tuning, *records]
    taken = [(folder, sum(one.folder == folder for one in everything)) for folder in folders]
    return Merged(merged, taken, [*other_tuning, *other_records])


def _differences(first: Run, other: Run) -> Iterator[str]:
    """Yield what makes two runs runs of different studies."""
    for name in ("seeds", "cost_model", "margin"):
        if getattr(first.settings, name) != getattr(other.settings, name):
            yield name
    mine, its = ({} if r.settings.train is None else _trained(r) for r in (first, other))
    yield from (name for name in mine | its if mine.get(name) != its.get(name))
    if list(first.studies) != list(other.studies):
        yield f"studies, {_names(other)} in place of {_names(first)}"
    if first.code != other.code:
        yield "code of yours"
    images = _images(first)
    yield from (
        f"images of {name}"
        for (name, size), prints in _images(other).items()
        if prints != images.get((name, size), prints)
    )


def _trained(run: Run) -> dict[str, object]:
    assert run.settings.train is not None
    return run.settings.train.identity()


def _names(run: Run) -> str:
    return ", ".join(study.name for study in run.studies)


def _images(run: Run) -> dict[tuple[object, object], set[str]]:
    """Return (data set with its split, image size) -> fingerprints of its images."""
    found: dict[tuple[object, object], set[str]] = {}
    for record in (*run.tuning, *run.records):
        name = f"{record.settings.get('dataset')} ({record.settings.get('split')})"
        found.setdefault((name, record.variant.image_size), set()).add(record.images)
    return found


def _union(
    folders: Iterable[tuple[Path, Sequence[TrialRecord]]],
) -> tuple[list[_Found], list[TrialRecord]]:
    """Return every trial once, and those whose numbers differ between folders."""
    kept: dict[tuple[Variant, int], _Found] = {}
    different: dict[tuple[Variant, int], TrialRecord] = {}
    for folder, records in folders:
        for record in records:
            trial = (record.variant, record.seed)
            before = kept.get(trial)
            if before is None or (before.record.failure and not record.failure):
                kept[trial] = _Found(record, folder)
            elif not record.failure and _numbers(before.record) != _numbers(record):
                different[trial] = before.record
    return list(kept.values()), list(different.values())


def _numbers(record: TrialRecord) -> object:
    return record.curve, record.top1


def _in_order(found: Sequence[_Found], variants: Sequence[Variant]) -> list[_Found]:
    """Sort as a run does: all variants of one seed before any of the next."""
    places = {variant: place for place, variant in enumerate(variants)}
    return sorted(found, key=lambda one: (one.record.seed, places[one.record.variant]))


def _copy(one: _Found, output: Path) -> None:
    """Copy a record with its log and weights."""
    record = one.record
    Store(output, TRIALS).save(record)
    for name in (f"{LOGS}/{record.name}.txt", f"{WEIGHTS}/{record.name}.pt"):
        if (one.folder / name).is_file():
            write_bytes(output / name, (one.folder / name).read_bytes())


def _copy_timings(folder: Path, output: Path) -> None:
    store = Store(folder, TIMINGS)
    for path in store.files():
        try:
            store.read(path)
        except (Damaged, FileNotFoundError):
            continue
        write_bytes(output / TIMINGS.folder / path.name, path.read_bytes())
