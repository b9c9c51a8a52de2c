"""The table of a study: the paper's, with what was counted and measured beside it. No torch."""

from collections.abc import Callable

from ablations.costs.conventions import ABLATION, ENVELOPE, Convention
from ablations.costs.proof import published_in
from ablations.costs.published import Published
from ablations.results.columns import DataColumn, VariantColumns
from ablations.results.study_columns import study_columns
from ablations.results.study_result import StudyResult
from ablations.results.variant_result import VariantResult
from ablations.settings.setting import Level
from ablations.study.all_settings import AXES
from ablations.study.study import Study
from reports.names.level_names import heading, level_text, variant_texts
from reports.names.number_texts import (
    difference_text,
    flops_text,
    giga_macs,
    mean_text,
    millions,
    points_text,
    two_digits,
    whole,
    with_n,
)
from reports.tables.table import Column, Group, Table

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
        result: Results of the study.
        counted_on: Network and images of the costs.
        measured_on: Network and images of the accuracies; None without training.
    """
    study, published = result.study, published_in(result.proofs)
    shown = (
        _variant_column(study),
        *_counted_columns(Group("Counted", counted_on), published or ABLATION),
    )
    if published is not None:
        shown += _published_columns(published)
    if measured_on is not None:
        baseline = variant_texts(study)[study.baseline]
        group = Group("Measured", measured_on)
        shown += _tuned_columns(result, group)
        shown += _measured_columns(group, baseline)
        shown += _margin_columns(result.margin, group, baseline)
    verified: Column[VariantResult] = Column("verified", _verified_text, numeric=False, paper=False)
    return Table(
        study.title,
        (*shown, verified),
        (*study_columns(result), *_described_columns(counted_on, measured_on)),
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


def _margin_columns(margin: float | None, group: Group, baseline: str) -> Columns:
    """Return the verdict on the margin; nothing without a margin."""
    if margin is None:
        return ()
    return (
        Column(
            f"against {baseline}, within {points_text(margin)}",
            lambda v: None if v.contrast is None else v.contrast.margin_verdict,
            group,
            numeric=False,
            paper=False,
        ),
    )


def _tuned_columns(result: StudyResult, group: Group) -> Columns:
    """Return one column per tuned setting, with the chosen level."""
    tuned = () if result.tuning is None else tuple(result.tuning.grid.levels)
    return tuple(_tuned_column(name, group) for name in tuned)


def _tuned_column(name: str, group: Group) -> Column[VariantResult]:
    def level(variant: VariantResult) -> Level | None:
        return dict(variant.variant.training).get(name)

    def text(variant: VariantResult) -> str | None:
        chosen = level(variant)
        return None if chosen is None else level_text(name, str(chosen))

    def number(variant: VariantResult) -> float | None:
        chosen = level(variant)
        return None if chosen is None else AXES[name].place(str(chosen))

    return Column(f"{AXES[name].heading}, tuned", text, group, number)


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


def _described_columns(counted_on: str, measured_on: str | None) -> VariantColumns:
    """counted_on, measured_on: what the costs and the accuracies belong to."""
    return (
        DataColumn("counted_on", lambda _: counted_on),
        DataColumn("measured_on", lambda _: measured_on),
    )
