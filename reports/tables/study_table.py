"""The table of a study: the paper's, with what was counted and measured beside it. No torch."""

from collections.abc import Callable

from ablations.costs.conventions import ABLATION, ENVELOPE, Convention
from ablations.costs.formulas import MAC_TERMS
from ablations.costs.proof import published_in
from ablations.costs.published import Published
from ablations.results.study_result import StudyResult
from ablations.results.variant_result import Rate, VariantResult
from ablations.study.all_settings import AXES
from ablations.study.study import Study
from reports.names.level_names import heading, variant_texts
from reports.names.number_texts import (
    difference_text,
    flops_text,
    giga_macs,
    mean_text,
    millions,
    two_digits,
    whole,
    with_n,
)
from reports.tables.csv_columns import contrast_columns, top1_columns
from reports.tables.margin_columns import dunnett_csv, margin_columns, margin_csv
from reports.tables.table import Column, CsvColumn, Group, Table
from reports.tables.tuned_columns import tuned_columns, tuned_csv

INTERVALS = (
    "± is half a 95 % interval (Student’s t), in brackets the number of seeds, or of seeds that "
    "finished with both"
)

_CONVENTION_NAMES = {ABLATION.name: "paper’s convention", ENVELOPE.name: "figures’ convention"}
_PUBLISHED = {
    ABLATION.name: Group("Published", "RedNet-50, ImageNet, 224×224"),
    ENVELOPE.name: Group("Published, read off figures", "ImageNet, 224×224"),
}

Columns = tuple[Column[VariantResult], ...]


def study_table(
    result: StudyResult, counted_on: str, measured_on: str | None
) -> Table[VariantResult]:
    """A row for each variant.

    Args:
        result: Of the study.
        counted_on: What the costs belong to.
        measured_on: What the accuracies belong to; None where nothing was trained.
    """
    study, published = result.study, published_in(result.proofs)
    columns = (
        _variant_column(study),
        *_counted_columns(Group("Counted", counted_on), published or ABLATION),
    )
    if published is not None:
        columns += _published_columns(published)
    if measured_on is not None:
        baseline = variant_texts(study)[study.baseline]
        group = Group("Measured", measured_on)
        columns += tuned_columns(result, group)
        columns += _measured_columns(group, baseline)
        columns += margin_columns(result.margin, group, baseline)
    verified: Column[VariantResult] = Column("verified", _verified_text, numeric=False, paper=False)
    return Table(
        study.title,
        (*columns, verified),
        (*_csv_columns(result), *_described_columns(counted_on, measured_on)),
        result.variants,
        lambda variant: variant.is_baseline,
        "" if measured_on is None else INTERVALS,
    )


def _variant_column(study: Study) -> Column[VariantResult]:
    """The variant; where one axis alone is varied, sorted by the number that its level has."""
    texts = variant_texts(study)

    def number(variant: VariantResult) -> float:
        return AXES[study.axes[0]].place(variant.levels[0])

    return Column(
        heading(study),
        lambda variant: texts[variant.name],
        number=number if len(study.axes) == 1 else None,
        numeric=False,
    )


def _counted_columns(group: Group, convention: Convention) -> Columns:
    flops = f"FLOPs (G), {_CONVENTION_NAMES[convention.name]}"
    return (
        Column("#Params (M)", lambda v: millions(v.params), group, lambda v: v.params),
        Column(
            flops,
            lambda v: flops_text(convention, v.flops(convention)),
            group,
            lambda v: v.flops(convention),
            paper=False,
        ),
        Column("MACs (G), full count", lambda v: giga_macs(v.macs), group, lambda v: v.macs),
    )


def _published_columns(convention: Convention) -> Columns:
    group = _PUBLISHED[convention.name]
    flops = f"FLOPs (G), {_CONVENTION_NAMES[convention.name]}"
    return (
        _published_column("#Params (M)", lambda p: p.params_m, group, paper=False),
        _published_column(flops, lambda p: p.flops_g, group, paper=False),
        _published_column("Top-1 (%)", lambda p: p.top1_percent, group, paper=True),
    )


def _published_column(
    heading: str, figure: Callable[[Published], str], group: Group, paper: bool
) -> Column[VariantResult]:
    def text(variant: VariantResult) -> str | None:
        return None if variant.proof.published is None else figure(variant.proof.published)

    def number(variant: VariantResult) -> float | None:
        found = text(variant)
        return None if found is None else float(found)

    return Column(heading, text, group, number, paper=paper)


def _measured_columns(group: Group, baseline: str) -> Columns:
    return (
        Column(
            "#Params (M)",
            lambda v: None if v.trained_params is None else millions(v.trained_params),
            group,
            lambda v: v.trained_params,
            paper=False,
        ),
        Column(
            "MACs (G)",
            lambda v: None if v.trained_macs is None else giga_macs(v.trained_macs),
            group,
            lambda v: v.trained_macs,
            paper=False,
        ),
        Column(
            "Top-1 (%), mean ± 95 % (seeds)",
            lambda v: with_n(mean_text(v.top1), v.top1),
            group,
            lambda v: v.top1.mean,
        ),
        Column(
            f"Top-1 − {baseline} (points), ± 95 % (pairs)",
            _difference_text,
            group,
            lambda v: None if v.contrast is None else v.contrast.difference.mean,
        ),
        Column(
            "training (images/s)",
            # Two digits are what a shared machine allows.
            lambda v: None if v.training_rate is None else two_digits(v.training_rate.median),
            group,
            lambda v: None if v.training_rate is None else v.training_rate.median,
            paper=False,
        ),
        Column(
            "peak memory (MiB)",
            lambda v: None if v.peak_mib is None else whole(v.peak_mib),
            group,
            lambda v: v.peak_mib,
            paper=False,
        ),
    )


def _difference_text(variant: VariantResult) -> str | None:
    if variant.contrast is None:
        return None
    difference = variant.contrast.difference
    return with_n(difference_text(difference), difference)


def _verified_text(variant: VariantResult) -> str:
    """yes: against the closed form; a user's own code has none."""
    if not variant.proof.verified:
        return "NO"
    return "by two counters" if variant.variant.own_code else "yes"


def _csv_columns(result: StudyResult) -> tuple[CsvColumn[VariantResult], ...]:
    """variant; its level on each axis, where there are several; params; multiply-accumulates for
    one image by term of the closed form, rest and macs, their sum; flops_*_convention: as the
    paper's tables and its figures of accuracy against cost count them; verified, and proof: by
    what; baseline: whether it is the study's; published_*: as printed, missing where the paper has
    no such row; top1_mean (percent), its 95 % t interval, top1_sd, over so many seeds, so many
    failed; trained_*: of the network that was trained; the contrast with the baseline, what is
    found of the margin, and the second reading; *_rate:
    images/s of training steps and of inference, median and quartiles; peak_mib: memory of tensors
    in training; timing_failure: why it was not measured."""
    axes = result.study.axes if len(result.study.axes) > 1 else ()
    return (
        CsvColumn("variant", lambda v: v.name),
        *(_level_column(place, axis) for place, axis in enumerate(axes)),
        CsvColumn("params", lambda v: v.params),
        *(_term_column(term) for term in (*MAC_TERMS, "rest")),
        CsvColumn("macs", lambda v: v.macs),
        CsvColumn("flops_ablation_convention", lambda v: v.flops(ABLATION)),
        CsvColumn("flops_envelope_convention", lambda v: v.flops(ENVELOPE)),
        CsvColumn("verified", lambda v: v.proof.verified),
        CsvColumn("proof", lambda v: v.proven_by),
        CsvColumn("baseline", lambda v: v.is_baseline),
        *_published_csv(),
        *tuned_csv(result),
        *top1_columns(lambda v: v.top1),
        CsvColumn("top1_sd", lambda v: v.top1.sd),
        CsvColumn("seeds", lambda v: v.top1.n if v.trials else None),
        CsvColumn("failed", lambda v: v.failed if v.trials else None),
        CsvColumn("trained_params", lambda v: v.trained_params),
        CsvColumn("trained_macs", lambda v: v.trained_macs),
        *contrast_columns(lambda v: v.contrast, lambda contrast: contrast.verdict),
        *margin_csv(result.margin),
        *dunnett_csv(result),
        *_rate_csv("train_rate", lambda v: v.training_rate),
        *_rate_csv("inference_rate", lambda v: v.inference_rate),
        CsvColumn("peak_mib", lambda v: v.peak_mib),
        CsvColumn("timing_failure", lambda v: v.timing_failure),
    )


def _level_column(place: int, axis: str) -> CsvColumn[VariantResult]:
    return CsvColumn(axis, lambda v: v.levels[place])


def _term_column(term: str) -> CsvColumn[VariantResult]:
    return CsvColumn(term, lambda v: v.macs_by_term[term])


def _published_csv() -> tuple[CsvColumn[VariantResult], ...]:
    return (
        CsvColumn("published_params_m", lambda v: (p := v.proof.published) and p.params_m),
        CsvColumn("published_flops_g", lambda v: (p := v.proof.published) and p.flops_g),
        CsvColumn("published_top1_percent", lambda v: (p := v.proof.published) and p.top1_percent),
    )


def _rate_csv(
    name: str, of: Callable[[VariantResult], Rate | None]
) -> tuple[CsvColumn[VariantResult], ...]:
    return (
        CsvColumn(name, lambda v: (rate := of(v)) and rate.median),
        CsvColumn(f"{name}_low", lambda v: (rate := of(v)) and rate.quartiles[0]),
        CsvColumn(f"{name}_high", lambda v: (rate := of(v)) and rate.quartiles[1]),
    )


def _described_columns(
    counted_on: str, measured_on: str | None
) -> tuple[CsvColumn[VariantResult], ...]:
    """counted_on, measured_on: what the costs and the accuracies belong to."""
    return (
        CsvColumn("counted_on", lambda _: counted_on),
        CsvColumn("measured_on", lambda _: measured_on),
    )
