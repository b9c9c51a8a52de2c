"""The figures of a study, each with what stands below it."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ablations.costs.conventions import ENVELOPE
from ablations.costs.proof import Row, published_in
from ablations.records.run_record import Run
from ablations.results.frames import (
    accuracy_frame,
    cost_frame,
    curve_frame,
    measured_frame,
    timing_frame,
)
from ablations.study.study import Study
from reports.figures import plots
from reports.figures.accuracy_cost import envelope_figure
from reports.figures.drawing import is_crowded
from reports.figures.published_envelopes import READ_OFF, counted_frame, published_figure
from reports.names.captions import counted_on, measured_on
from reports.names.level_names import series, short_heading, short_names, told_apart


@dataclass(frozen=True)
class Figure:
    """An SVG and what stands below it. wide: whether it needs the width of the page."""

    svg: Markup
    caption: str
    wide: bool = False


def study_figures(run: Run, study: Study) -> list[Figure]:
    """Accuracy as far as it was measured, costs, and what is published of such networks; the wide
    ones first, so that the others stand side by side."""
    figures = [
        *_measured_figures(run, study),
        _cost_figure(run, study),
        *_published_figures(run.proofs[study.name]),
    ]
    return sorted(figures, key=lambda figure: not figure.wide)


def _measured_figures(run: Run, study: Study) -> list[Figure]:
    trials = accuracy_frame(study, run.records)
    train = run.settings.train
    if train is None or not trials["top1"].notna().any():
        return []
    measured = measured_on(run.settings, study.variants.values())
    means = measured_frame(study, run.records)
    labels, name = short_names(study), study.name
    seeds = trials.merge(means.drop(columns=["trained_params", "trained_macs"]), on="value")
    finished = means.dropna(subset="top1_mean").reset_index(drop=True)
    timed = finished.merge(timing_frame(study, run.timings), on="value", how="left")
    interval = "with its 95 % interval (Student’s t over seeds)"
    crowded = is_crowded(labels)
    return [
        Figure(
            envelope_figure(name, told_apart(study), timed),
            f"Mean Top-1 {interval} against the costs of the network that was trained: {measured}. "
            "The thick line joins the variants that no other is at least as good as in both (the "
            "Pareto front of the means; where intervals overlap, the front is not certain). Time: "
            "median batch in eval mode, by its images, with quartiles.",
            wide=True,
        ),
        Figure(
            plots.accuracy_figure(name, labels, short_heading(study), seeds),
            f"Top-1 of {measured}. A dot is one seed; beside the dots their mean {interval}.",
            wide=crowded,
        ),
        Figure(
            plots.curves_figure(name, series(study), curve_frame(study, run.records)),
            f"Top-1 on the {train.split} split while training, {measured}: mean of the seeds, in a "
            "band from the lowest to the highest. No epoch is selected; the last one counts.",
            wide=study.crossed,
        ),
    ]


def _cost_figure(run: Run, study: Study) -> Figure:
    rows = run.proofs[study.name]
    counted = counted_on(run.settings.cost_model, study.variants.values())
    svg = plots.cost_figure(study.name, short_names(study), short_heading(study), cost_frame(rows))
    return Figure(
        svg,
        f"Multiply-accumulates of {counted}, by term of the closed form; rest: all other "
        "convolutions and the classifier.",
    )


def _published_figures(rows: Sequence[Row]) -> list[Figure]:
    if published_in(rows) != ENVELOPE:
        return []
    caption = (
        "Published Top-1 on ImageNet of nine families of networks, none of it measured here; "
        f"rings: the costs counted here, at the published Top-1. {READ_OFF}."
    )
    return [Figure(published_figure(counted_frame(rows)), caption)]
