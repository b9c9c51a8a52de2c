"""Tables as lines of text for the terminal."""

from collections.abc import Iterator
from math import isinf

from ablations.results.results import Results
from ablations.run.planner import POWER, MarginReach, Plan, Reach
from ablations.study.study import distinct_variants
from reports.names.captions import counted_on, measured_on
from reports.names.level_names import heading, variant_names, variant_texts
from reports.names.number_texts import (
    duration,
    giga_macs,
    mean_text,
    millions,
    points_text,
    seeds_text,
    trials_text,
    with_n,
)
from reports.tables.table import ABSENT
from reports.words.gaps import partial_words
from reports.words.tuning_words import choices_text, edge_words


def study_lines(results: Results) -> Iterator[str]:
    """The gist of every study's table."""
    settings = results.settings
    variants = distinct_variants([result.study for result in results.studies])
    measured = measured_on(settings, variants)
    yield f"#Params and MACs: {counted_on(settings.cost_model, variants)}"
    if measured:
        yield f"Top-1: {measured}"
    partial = partial_words(results.run)
    if partial:
        yield f"{partial}."
    for result in results.studies:
        name, texts = heading(result.study), variant_texts(result.study)
        width = max(20, 2 + max(map(len, (name, *texts.values()))))
        yield ""
        costs = f"{'#Params (M)':>12}{'MACs (G)':>10}"
        yield f"{name:{width}}{costs}   Top-1 (%), mean ± 95 % (seeds)"
        for variant in result.variants:
            top1 = with_n(mean_text(variant.top1), variant.top1) or ABSENT
            costs = f"{millions(variant.params):>12}{giga_macs(variant.macs):>10}"
            yield f"{texts[variant.name]:{width}}{costs}   {top1}"
        if result.tuning is not None:
            names = variant_names(result.study).__getitem__
            yield f"chosen on validation: {choices_text(result.tuning, names) or ABSENT}"
            yield from edge_words(result.tuning, names)
    yield ""


def plan_lines(plan: Plan) -> Iterator[str]:
    """A plan in words, one fact a line."""
    seeds = seeds_text(plan.seeds)
    if plan.tuning is not None:
        tuning = plan.tuning
        yield f"{trials_text(tuning.trials)} of tuning, {tuning.recorded} of them recorded already"
        if tuning.seconds is not None:
            yield f"about {duration(tuning.seconds)} of tuning, of what follows"
    yield f"{plan.trials} trials with {seeds}, {plan.recorded} of them recorded already"
    if plan.seconds is not None:
        yield (
            f"about {duration(plan.seconds)} of training and testing on this machine, "
            f"{_at_a_time(plan.jobs)}"
        )
    if plan.reading is not None and plan.training is not None:
        yield _reading_words(plan.reading, plan.training, plan.workers)
    if plan.peak_bytes is not None:
        yield f"{plan.peak_bytes / 2**20:.0f} MiB of tensors in the hungriest training step"
    for failure in plan.failures:
        yield f"a variant could not be timed: {failure}"
    if plan.spread is not None:
        yield f"spread of the paired differences over seeds: {plan.spread:.1f} points"
    for reach in plan.reaches:
        yield f"{reach.study}: {_reach_words(reach, plan)}"
        if reach.within is not None:
            yield f"{reach.study}: {_margin_words(reach.within, plan)}"
        if reach.further:
            needed = ", ".join(f"{seeds} for {what}" for what, seeds in reach.further.items())
            yield f"{reach.study}, seeds at least: {needed.replace('_', ' ')}"


def _reading_words(reading: float, training: float, workers: int) -> str:
    by = f"by {workers} worker{'s' * (workers > 1)}" if workers else "in a trial's own process"
    told = f"images are read at {reading:,.0f} a second {by}, the fastest network takes "
    slower = "; more --workers would help" if reading < training else ""
    return f"{told}{training:,.0f}{slower}"


def _at_a_time(jobs: int) -> str:
    return "one trial at a time" if jobs == 1 else f"{jobs} trials at a time"


def _reach_words(reach: Reach, plan: Plan) -> str:
    if reach.comparisons == 0:
        return "one variant, nothing to compare"
    if isinf(reach.detectable):
        seeds = seeds_text(plan.seeds)
        return f"{seeds}; for any verdict at least {reach.seeds_needed} are needed"
    size = f"{reach.detectable:.1f} points"
    if plan.spread is None:
        size = f"{reach.detectable:.2f} times the spread of the differences over seeds"
    return f"a true difference of {size} is found with a chance of {POWER:.0%}"


def _margin_words(within: MarginReach, plan: Plan) -> str:
    margin, seeds = points_text(within.margin), seeds_text(plan.seeds)
    if isinf(within.detectable):
        return f"{seeds}; to call a variant no worse at least {within.seeds_needed} are needed"
    if within.no_worse is None or within.equivalent is None:
        size = f"{within.detectable:.2f} times the spread of the differences over seeds"
        return (
            f"a variant that truly equals the baseline is called no worse with a chance of "
            f"{POWER:.0%} at a margin of {size}; the chance at {margin} needs a spread"
        )
    return (
        f"a variant that truly equals the baseline is called no worse by more than {margin} with a "
        f"chance of {within.no_worse:.0%}, equivalent with {within.equivalent:.0%}; {POWER:.0%} to "
        f"be called no worse take a margin of {within.detectable:.1f} points"
    )
