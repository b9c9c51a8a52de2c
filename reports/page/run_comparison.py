"""Two runs beside each other: what differs in settings, costs and accuracy."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from ablations.costs.conventions import FULL
from ablations.records.run_record import Run
from ablations.statistics.contrasts import contrast_runs
from ablations.statistics.intervals import mean_interval
from ablations.study.study import distinct_variants
from ablations.study.variants import Variant
from reports.names.captions import counted_on, measured_on, variant_name
from reports.tables.study_table import (
    INTERVALS,
    Column,
    Table,
    difference_text,
    giga_macs,
    mean_text,
    millions,
    show,
)
from reports.words.verdict import conclusion

FIRST, SECOND = "A", "B"


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
    costs: Table
    accuracy: Table | None
    conclusions: list[str]


def compare_runs(first: Run, second: Run) -> Comparison:
    """The second run against the first; accuracies are paired by seed."""
    described = [dict(_described(run)) for run in (first, second)]
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


def _described(run: Run) -> Iterator[tuple[str, str]]:
    yield "costs counted on", _counted_on(run)
    yield "Top-1 measured on", _measured_on(run)
    if run.settings.train is not None:
        for name, value in asdict(run.settings.train).items():
            yield name.replace("_", " "), "–" if value is None else str(value)
        yield "seeds", str(run.settings.seeds)
        yield "data", " / ".join(dict.fromkeys(r.data for r in run.records)) or "–"
    for study in run.studies:
        yield f"variants of {study.name}", "; ".join(study.variants)
    for name, found in run.environments.items():
        yield name, " / ".join(found)


def _counted_on(run: Run) -> str:
    return counted_on(run.settings.cost_model, distinct_variants(run.studies))


def _measured_on(run: Run) -> str:
    return measured_on(run.settings, distinct_variants(run.studies)) or "nothing"


def _own_training(first: Run, second: Run) -> set[str]:
    """What the training of one variant has of its own, in either run."""
    variants = distinct_variants([*first.studies, *second.studies])
    return {name for variant in variants for name, _ in variant.training}


def _absolute(variant: Variant, settings: Mapping[str, Any], names: Collection[str]) -> Variant:
    """The variant with its training as it was, not as it differs from its run's.

    settings: of TrainSettings.identity; names: what to say of it.
    """
    training = {name: settings[name] for name in names if settings.get(name) is not None}
    return replace(variant, training=tuple(sorted(training.items())))


def _costed(run: Run, names: Collection[str]) -> dict[Variant, tuple[int, int]]:
    """Parameters and MACs of every variant's network, the cost model's."""
    train = run.settings.train
    costed = {}
    for row in (row for rows in run.proofs.values() for row in rows):
        settings = {} if train is None else train.for_variant(row.variant).identity()
        variant = _absolute(row.variant, settings, names)
        costed[variant] = (row.params, FULL.count(row.operations))
    return costed


def _trained(run: Run, names: Collection[str]) -> dict[Variant, dict[int, float | None]]:
    tops: dict[Variant, dict[int, float | None]] = {}
    train = run.settings.train
    for record in run.records:
        assert train is not None, "a run with trials has settings for them"
        settings = train.for_variant(record.variant).identity()
        tops.setdefault(_absolute(record.variant, settings, names), {})[record.seed] = record.top1
    return tops


def _only(first: Run, second: Run) -> Iterator[str]:
    names = _own_training(first, second)
    counted = [_costed(run, names) for run in (first, second)]
    trained = [set(_trained(run, names)) for run in (first, second)]
    for name, here in ((FIRST, 0), (SECOND, 1)):
        there = 1 - here
        for variant in counted[here]:
            done = "counted and trained" if variant in trained[here] else "counted"
            if variant not in counted[there]:
                yield f"Only {name} {done} {variant_name(variant)}."
            elif variant in trained[here] - trained[there]:
                yield f"Only {name} trained {variant_name(variant)}."


def _costs(first: Run, second: Run) -> Table:
    names = _own_training(first, second)
    mine, its = _costed(first, names), _costed(second, names)
    frame = pd.DataFrame(
        [
            {
                "value": variant_name(variant),
                "baseline": False,
                "params_a": mine[variant][0],
                "params_b": its[variant][0],
                "params_change": its[variant][0] - mine[variant][0],
                "macs_a": mine[variant][1],
                "macs_b": its[variant][1],
                "macs_change": its[variant][1] - mine[variant][1],
            }
            for variant in mine
            if variant in its
        ],
        columns=["value", "baseline", "params_a", "params_b", "params_change", "macs_a", "macs_b",
                 "macs_change"],
    )  # fmt: skip
    a, b = (f"{name}: {_counted_on(run)}" for name, run in _named(first, second))
    change = f"{SECOND} − {FIRST}"
    columns = (
        _variant_column(),
        Column("params_a", a, "#Params (M)", show("params_a", millions)),
        Column("macs_a", a, "MACs (G)", show("macs_a", giga_macs)),
        Column("params_b", b, "#Params (M)", show("params_b", millions)),
        Column("macs_b", b, "MACs (G)", show("macs_b", giga_macs)),
        Column("params_change", change, "#Params", show("params_change", _whole_change)),
        Column("macs_change", change, "MACs", show("macs_change", _whole_change)),
    )
    return Table("Costs", columns, frame)


def _named(first: Run, second: Run) -> Sequence[tuple[str, Run]]:
    return ((FIRST, first), (SECOND, second))


def _variant_column() -> Column:
    return Column("value", "", "variant", show("value", str), numeric=False, order=None)


def _whole_change(change: int) -> str:
    return f"{int(change):+,}".replace("-", "−").replace("+0", "0")


def _accuracy(first: Run, second: Run) -> tuple[Table | None, list[str]]:
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
    rows: list[dict[Hashable, Any]] = []
    conclusions = []
    for contrast in contrasts:
        variant, interval = shared[contrast.value], contrast.t_interval
        rows.append(
            {
                "value": contrast.value,
                "baseline": False,
                **_mean(mine[variant], "a"),
                **_mean(its[variant], "b"),
                "pairs": contrast.n,
                "difference": contrast.mean,
                "difference_low": interval[0] if interval else None,
                "difference_high": interval[1] if interval else None,
                "adjusted_p": contrast.adjusted_p,
            }
        )
        told = f"differs by {difference_text(rows[-1])} points: " if contrast.n else ""
        conclusions.append(f"{contrast.value}: {told}{conclusion(contrast)}.")
    a, b = (f"{name}: {_measured_on(run)}" for name, run in _named(first, second))
    columns = (
        _variant_column(),
        Column("top1_mean_a", a, "Top-1 (%), mean ± 95 % (seeds)", lambda r: mean_text(r, "_a")),
        Column("top1_mean_b", b, "Top-1 (%), mean ± 95 % (seeds)", lambda r: mean_text(r, "_b")),
        Column("difference", "", f"{SECOND} − {FIRST} (points), ± 95 % (pairs)", difference_text),
        Column("adjusted_p", "", "adjusted p", show("adjusted_p", lambda p: f"{p:.2g}")),
    )
    return Table("Top-1", columns, pd.DataFrame(rows), INTERVALS), conclusions


def _mean(tops: Mapping[int, float | None], run: str) -> dict[Hashable, Any]:
    finished = [top1 for top1 in tops.values() if top1 is not None]
    interval = mean_interval(finished)
    return {
        f"top1_mean_{run}": sum(finished) / len(finished) if finished else None,
        f"top1_high_{run}": interval[1] if interval else None,
        f"seeds_{run}": len(finished),
    }
