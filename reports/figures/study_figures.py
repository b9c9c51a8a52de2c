"""The figures of a study, each with what stands below it."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ablations.costs.conventions import ENVELOPE
from ablations.costs.proof import Proof, published_in
from ablations.results.study_result import StudyResult
from ablations.study.run_settings import RunSettings
from reports.figures.accuracy import accuracy_figure
from reports.figures.accuracy_cost import accuracy_cost_figure
from reports.figures.cost_bars import cost_figure
from reports.figures.curves import curves_figure
from reports.figures.drawing import is_crowded
from reports.figures.published_envelopes import READ_OFF, counted_points, published_figure
from reports.names.captions import counted_on, measured_on
from reports.names.level_names import series, short_heading, short_levels, short_names, told_apart


@dataclass(frozen=True)
class Figure:
    """An SVG and what stands below it. wide: whether it needs the width of the page."""

    svg: Markup
    caption: str
    wide: bool = False


def study_figures(settings: RunSettings, result: StudyResult) -> list[Figure]:
    """Accuracy as far as it was measured, costs, and what is published of such networks; the wide
    ones first, so that the others stand side by side."""
    figures = [
        *_measured_figures(settings, result),
        _cost_figure(settings, result),
        *_published_figures(result.proofs),
    ]
    return sorted(figures, key=lambda figure: not figure.wide)


def _measured_figures(settings: RunSettings, result: StudyResult) -> list[Figure]:
    train, study, variants = settings.train, result.study, result.variants
    if train is None or not any(variant.top1.n for variant in variants):
        return []
    measured = measured_on(settings, study.variants.values())
    labels, ticks, name = short_names(study), short_levels(study), study.name
    interval = "with its 95 % interval (Student’s t over seeds)"
    return [
        Figure(
            accuracy_cost_figure(name, told_apart(study), variants, study.same_images),
            f"Mean Top-1 {interval} against the costs of the network that was trained: {measured}. "
            "The thick line joins the variants that no other is at least as good as in both (the "
            "Pareto front of the means; where intervals overlap, the front is not certain). Time: "
            "median batch in eval mode, by its images, with quartiles.",
            wide=True,
        ),
        Figure(
            accuracy_figure(name, labels, ticks, short_heading(study), variants),
            f"Top-1 of {measured}. A dot is one seed; beside the dots their mean {interval}.",
            wide=is_crowded(ticks),
        ),
        Figure(
            curves_figure(name, series(study), variants),
            f"Top-1 on the {train.split} split while training, {measured}: mean of the seeds, in a "
            "band from the lowest to the highest. No epoch is selected; the last one counts.",
            wide=study.crossed,
        ),
    ]


def _cost_figure(settings: RunSettings, result: StudyResult) -> Figure:
    study = result.study
    counted = counted_on(settings.cost_model, study.variants.values())
    svg = cost_figure(study.name, short_names(study), short_heading(study), result.variants)
    return Figure(
        svg,
        f"Multiply-accumulates of {counted}, by term of the closed form; rest: all other "
        "convolutions and the classifier.",
    )


def _published_figures(proofs: Sequence[Proof]) -> list[Figure]:
    if published_in(proofs) != ENVELOPE:
        return []
    caption = (
        "Published Top-1 on ImageNet of nine families of networks, none of it measured here; "
        f"rings: the costs counted here, at the published Top-1. {READ_OFF}."
    )
    return [Figure(published_figure(counted_points(proofs)), caption)]
