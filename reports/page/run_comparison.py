"""Two runs beside each other: what differs in settings, costs and accuracy."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ablations.results.results import Results
from ablations.statistics.contrasts import contrast_runs
from ablations.statistics.estimate import Estimate
from ablations.study.study import distinct_variants
from ablations.study.variants import Variant
from reports.names.captions import counted_on, measured_on, variant_name
from reports.names.level_names import variant_names
from reports.tables.comparison_tables import (
    AccuracyChange,
    CostChange,
    Costs,
    accuracy_table,
    change_text,
    cost_table,
)
from reports.tables.table import Group, Table
from reports.words.tuning_words import choices_text, grid_text
from reports.words.verdict import conclusion

FIRST, SECOND = "A", "B"
CHANGE = f"{SECOND} − {FIRST}"


@dataclass(frozen=True)
class Difference:
    """A setting, or a fact about the machine, that the two runs do not share."""

    name: str
    first: str
    second: str


@dataclass(frozen=True)
class Comparison:
    """What changed from the first run to the second.

    settings: what differs; same: names of what does not.
    only: sentences on what one run has and the other lacks.
    accuracy: None where the runs trained no variant in common.
    """

    settings: list[Difference]
    same: list[str]
    only: list[str]
    costs: Table[CostChange]
    accuracy: Table[AccuracyChange] | None
    conclusions: list[str]


def compare_runs(first: Results, second: Results) -> Comparison:
    """The second run against the first; accuracies are paired by seed."""
    described = [dict(_described(results)) for results in (first, second)]
    names = dict.fromkeys([*described[0], *described[1]])
    values = {name: tuple(d.get(name, "–") for d in described) for name in names}
    accuracy, conclusions = _accuracy(first, second)
    return Comparison(
        settings=[Difference(name, *pair) for name, pair in values.items() if pair[0] != pair[1]],
        same=[name for name, pair in values.items() if pair[0] == pair[1]],
        only=list(_only(first, second)),
        costs=_costs(first, second),
        accuracy=accuracy,
        conclusions=conclusions,
    )


def _described(results: Results) -> Iterator[tuple[str, str]]:
    settings = results.settings
    yield "costs counted on", _counted_on(results)
    yield "Top-1 measured on", _measured_on(results)
    if settings.train is not None:
        tuned = _tuned(results)
        for name, value in asdict(settings.train).items():
            told = "tuned" if name in tuned else "–" if value is None else str(value)
            yield name.replace("_", " "), told
        yield "seeds", str(settings.seeds)
        yield "margin", "–" if settings.margin is None else f"{settings.margin:g} points"
        yield "data", " / ".join(results.data) or "–"
    for result in results.studies:
        yield f"variants of {result.study.name}", "; ".join(result.study.variants)
        if result.tuning is not None:
            names = variant_names(result.study).__getitem__
            yield f"tuned in {result.study.name}", grid_text(result.tuning.grid)
            yield f"chosen in {result.study.name}", choices_text(result.tuning, names)
    for name, found in results.environments.items():
        yield name, " / ".join(found)


def _variants(results: Results) -> list[Variant]:
    return distinct_variants([result.study for result in results.studies])


def _counted_on(results: Results) -> str:
    return counted_on(results.settings.cost_model, _variants(results))


def _measured_on(results: Results) -> str:
    return measured_on(results.settings, _variants(results)) or "nothing"


def _own_training(first: Results, second: Results) -> set[str]:
    """Return the settings in which a variant's training differs from its run, in either run, and
    the data set if the runs differ in it: accuracies on other images are not compared. Tuned
    settings are left out unless a run varies them: tuning does not make another variant."""
    variants = [*_variants(first), *_variants(second)]
    data = {run.settings.train and run.settings.train.dataset for run in (first, second)}
    studies = [result.study for results in (first, second) for result in results.studies]
    tuned = (_tuned(first) | _tuned(second)) - {axis for study in studies for axis in study.axes}
    return {name for variant in variants for name, _ in variant.training} - tuned | (
        {"dataset"} if len(data - {None}) > 1 else set()
    )


def _tuned(results: Results) -> set[str]:
    """The settings that some study of a run tuned."""
    grids = [result.tuning.grid for result in results.studies if result.tuning is not None]
    return {name for grid in grids for name in grid.levels}


def _absolute(variant: Variant, settings: Mapping[str, Any], names: Collection[str]) -> Variant:
    """The variant with its training as it was, not as it differs from its run's.

    settings: of TrainSettings; names: what to say of it.
    """
    training = {name: settings[name] for name in names if settings.get(name) is not None}
    return replace(variant, training=tuple(sorted(training.items())))


def _costed(results: Results) -> dict[Variant, Costs]:
    """The costs of every variant's network, the cost model's, however it is trained."""
    return {
        replace(found.variant, training=()): Costs(found.params, found.macs)
        for result in results.studies
        for found in result.variants
    }


def _trained(results: Results, names: Collection[str]) -> dict[Variant, dict[int, float | None]]:
    """Top-1 (percent) by seed of every variant that was trained."""
    tops: dict[Variant, dict[int, float | None]] = {}
    train = results.settings.train
    for record in results.run.records:
        assert train is not None, "a run with trials has settings for them"
        settings = vars(train.for_variant(record.variant))
        tops.setdefault(_absolute(record.variant, settings, names), {})[record.seed] = record.top1
    return tops


def _only(first: Results, second: Results) -> Iterator[str]:
    names = _own_training(first, second)
    counted = [_costed(results) for results in (first, second)]
    trained = [_trained(results, names) for results in (first, second)]
    for name, here, there in ((FIRST, 0, 1), (SECOND, 1, 0)):
        networks = {replace(variant, training=()) for variant in trained[here]}
        for variant in trained[here]:
            new = replace(variant, training=()) not in counted[there]
            if new or variant not in trained[there]:
                yield f"Only {name} {'counted and ' * new}trained {variant_name(variant)}."
        for variant in counted[here]:
            if variant not in networks and variant not in counted[there]:
                yield f"Only {name} counted {variant_name(variant)}."


def _costs(first: Results, second: Results) -> Table[CostChange]:
    mine, its = _costed(first), _costed(second)
    changes = [
        CostChange(variant_name(variant), mine[variant], its[variant])
        for variant in mine
        if variant in its
    ]
    groups = Group(FIRST, _counted_on(first)), Group(SECOND, _counted_on(second))
    return cost_table(changes, *groups, CHANGE)


def _accuracy(first: Results, second: Results) -> tuple[Table[AccuracyChange] | None, list[str]]:
    names = _own_training(first, second)
    mine, its = _trained(first, names), _trained(second, names)
    shared = {variant_name(variant): variant for variant in mine if variant in its}
    if not shared:
        return None, []
    contrasts = contrast_runs(
        {name: mine[variant] for name, variant in shared.items()},
        {name: its[variant] for name, variant in shared.items()},
        FIRST,
    )
    changes = [
        AccuracyChange(
            contrast.name,
            Estimate.of(mine[shared[contrast.name]].values()),
            Estimate.of(its[shared[contrast.name]].values()),
            contrast,
        )
        for contrast in contrasts
    ]
    groups = Group(FIRST, _measured_on(first)), Group(SECOND, _measured_on(second))
    return accuracy_table(changes, *groups, CHANGE), list(map(_conclusion, changes))


def _conclusion(change: AccuracyChange) -> str:
    difference = change_text(change)
    told = "" if difference is None else f"differs by {difference} points: "
    return f"{change.name}: {told}{conclusion(change.contrast)}."
