"""Tables as lines of text for the terminal."""

from collections.abc import Iterator
from math import isinf

from ablations.costs.conventions import ENVELOPE
from ablations.costs.formulas import PROJECTIONS
from ablations.costs.proof import Row
from ablations.costs.published import READ_OFF_FLOPS_G, READ_OFF_PARAMS_M
from ablations.records.run_record import Run
from ablations.results.frames import study_frame
from ablations.run.planner import POWER, Plan, Reach
from ablations.study.study import distinct_variants
from reports.names.captions import counted_on, measured_on
from reports.names.level_names import heading, variant_texts
from reports.tables.study_table import ABSENT, giga_macs, mean_text, millions
from reports.words.verdict import seeds_text

_COLUMNS = (
    ("study", 16, "<"),
    ("variant", 10, "<"),
    ("params", 10, ">"),
    ("reduce", 11, ">"),
    ("span", 11, ">"),
    ("q, k, v", 11, ">"),
    ("q·k", 11, ">"),
    ("aggregation", 11, ">"),
    ("convolution", 11, ">"),
    ("rest", 11, ">"),
    ("closed form", 11, ">"),
    ("fvcore", 11, ">"),
    ("2nd witness", 11, ">"),
    ("published (M, G)", 16, ">"),
    ("counted", 11, ">"),
    ("verdict", 7, "<"),
)

EXPLANATION = (
    "MACs for one image. reduce to aggregation: all involution layers, by fvcore (q, k, v: an "
    "attention's three\nprojections, q·k: its product over the windows); convolution: the spatial "
    "ones of a ResNet's bottlenecks; rest:\nthe other convolutions and the classifier. closed form "
    "= fvcore = 2nd witness (torch's FlopCounterMode) is the\nsum of the layers' terms. published, "
    "counted: #Params (M) and FLOPs (G), under the convention of their source\n(ablation: without "
    "the aggregation; model-zoo, envelope: with it). ~: read off a figure that prints no numbers, "
    f"met within\nthe error of reading, {READ_OFF_PARAMS_M} M and {READ_OFF_FLOPS_G} G."
)


def _line(cells: list[str]) -> str:
    return "  ".join(
        f"{cell:{align}{width}}" for cell, (_, width, align) in zip(cells, _COLUMNS, strict=True)
    ).rstrip()


def proof_heading() -> str:
    """The headings above `proof_line`."""
    return _line([heading for heading, _, _ in _COLUMNS])


def proof_line(row: Row) -> str:
    """One network; the layers' numbers are in the JSON and in the report."""
    by_term = row.fvcore_macs
    about = "~" if row.convention == ENVELOPE.name else ""
    published = "-"
    if row.published:
        published = f"{about}{row.published.params_m} {about}{row.published.flops_g}"
    counted = " ".join(row.as_published) if row.as_published else "-"
    spatial = sum(by_term.values())
    return _line(
        [
            row.study,
            row.value,
            str(row.params),
            str(by_term["reduce"]),
            str(by_term["span"]),
            str(sum(by_term[term] for term in PROJECTIONS)),
            str(by_term["query_key"]),
            str(by_term["aggregation"]),
            str(by_term["convolution"]),
            str(row.macs - spatial),
            str(sum(row.closed_form_macs.values())),
            str(spatial),
            str(sum(row.witness_macs.values())),
            published,
            counted,
            "ok" if row.verified else "WRONG",
        ]
    )


def study_lines(run: Run) -> Iterator[str]:
    """The gist of every study's table."""
    variants = distinct_variants(run.studies)
    measured = measured_on(run.settings, variants)
    yield f"#Params and MACs: {counted_on(run.settings.cost_model, variants)}"
    if measured:
        yield f"Top-1: {measured}"
    for study in run.studies:
        texts = variant_texts(study)
        width = max(20, 2 + max(map(len, (heading(study), *texts.values()))))
        yield ""
        costs = f"{'#Params (M)':>12}{'MACs (G)':>10}"
        yield f"{heading(study):{width}}{costs}   Top-1 (%), mean ± 95 % (seeds)"
        frame = study_frame(study, run.proofs[study.name], run.records, run.timings)
        for row in frame.to_dict("records"):
            top1 = mean_text(row) if row["seeds"] > 0 else ABSENT
            costs = f"{millions(row['params']):>12}{giga_macs(row['macs']):>10}"
            yield f"{texts[row['value']]:{width}}{costs}   {top1}"
    yield ""


def plan_lines(plan: Plan) -> Iterator[str]:
    """A plan in words, one fact a line."""
    seeds = seeds_text(plan.seeds)
    yield f"{plan.trials} trials with {seeds}, {plan.recorded} of them recorded already"
    if plan.seconds is not None:
        yield (
            f"about {duration(plan.seconds)} of training and testing on this machine, reading and "
            "augmenting images not counted"
        )
    if plan.peak_bytes is not None:
        yield f"{plan.peak_bytes / 2**20:.0f} MiB of tensors in the hungriest training step"
    for failure in plan.failures:
        yield f"a variant could not be timed: {failure}"
    if plan.spread is not None:
        yield f"spread of the paired differences over seeds: {plan.spread:.1f} points"
    for reach in plan.reaches:
        yield f"{reach.study}: {_reach_words(reach, plan)}"
        if reach.further:
            needed = ", ".join(f"{seeds} for {what}" for what, seeds in reach.further.items())
            yield f"{reach.study}, seeds at least: {needed.replace('_', ' ')}"


def _reach_words(reach: Reach, plan: Plan) -> str:
    if reach.comparisons == 0:
        return "one variant, nothing to compare"
    if isinf(reach.detectable):
        seeds = seeds_text(plan.seeds)
        return f"{seeds} can tell nothing apart, it needs at least {reach.seeds_needed}"
    size = f"{reach.detectable:.1f} points"
    if plan.spread is None:
        size = f"{reach.detectable:.2f} times the spread of the differences over seeds"
    return f"a true difference of {size} is found with a chance of {POWER:.0%}"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, whichever reads best."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
