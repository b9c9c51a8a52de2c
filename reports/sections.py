"""A study as the report shows it: verdict, table in every format, figures, proof."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ablations.proofs import Row
from ablations.runs import Run
from ablations.variants import Study
from reports import plots
from reports.captions import counted_on, measured_on, networks_title
from reports.formats import all_formats
from reports.frames import (
    accuracy_frame,
    contrasts,
    cost_frame,
    curve_frame,
    measured_frame,
    study_frame,
)
from reports.gaps import table_gaps
from reports.labels import heading, short_names, variant_names
from reports.tables import Table, study_table
from reports.verdicts import Models, Verdict, study_verdict


@dataclass(frozen=True)
class Figure:
    """An SVG and what stands below it."""

    svg: Markup
    caption: str


@dataclass(frozen=True)
class Section:
    """One study of the report.

    texts: file ending -> the table in that format. gaps: what the table lacks, and why.
    """

    name: str
    title: str
    verdict: Verdict
    table: Table
    texts: dict[str, str]
    figures: list[Figure]
    proofs: Sequence[Row]
    gaps: list[str]


def build_sections(run: Run) -> list[Section]:
    """Every study of the run, in order."""
    return [_section(run, study) for study in run.studies]


def _section(run: Run, study: Study) -> Section:
    rows, variants = run.proofs[study.name], study.variants.values()
    counted = counted_on(run.settings.cost_model, variants)
    measured = measured_on(run.settings, variants)
    table = study_table(
        study,
        study_frame(study, rows, run.records, run.timings).assign(
            counted_on=counted, measured_on=measured
        ),
        study.title,
        counted,
        measured,
        compare=any(row.published for row in rows),
    )
    names = variant_names(study)
    return Section(
        name=study.name,
        title=study.title,
        verdict=study_verdict(
            names, study.baseline, table, contrasts(study, run.records), _models(run, study)
        ),
        table=table,
        texts=all_formats(table),
        figures=[*_measured_figures(run, study, measured), _cost_figure(study, rows, counted)],
        proofs=rows,
        gaps=list(table_gaps(names, table)),
    )


def _models(run: Run, study: Study) -> Models:
    train, variants = run.settings.train, study.variants.values()
    trained = None if train is None else networks_title(train.model, variants)
    return Models(networks_title(run.settings.cost_model, variants), trained)


def _measured_figures(run: Run, study: Study, measured: str | None) -> list[Figure]:
    trials = accuracy_frame(study, run.records)
    train = run.settings.train
    if train is None or not trials["top1"].notna().any():
        return []
    means = measured_frame(study, run.records)
    labels, name = short_names(study), study.name
    seeds = trials.merge(means.drop(columns=["trained_params", "trained_macs"]), on="value")
    finished = means.dropna(subset="top1_mean").reset_index(drop=True)
    interval = "with its 95 % interval (Student’s t over seeds)"
    return [
        Figure(
            plots.envelope_figure(name, labels, finished),
            f"Mean Top-1 {interval} against the costs of the network that was trained: {measured}. "
            "The line joins the variants that no other is at least as good as in both (Pareto "
            "front of the means; where intervals overlap, the front is not certain).",
        ),
        Figure(
            plots.accuracy_figure(name, labels, heading(study), seeds),
            f"Top-1 of {measured}. A dot is one seed; beside the dots their mean {interval}.",
        ),
        Figure(
            plots.curves_figure(name, labels, curve_frame(study, run.records)),
            f"Top-1 on the {train.split} split while training, {measured}: mean of the seeds, in a "
            "band from the lowest to the highest. No epoch is selected; the last one counts.",
        ),
    ]


def _cost_figure(study: Study, rows: Sequence[Row], counted: str) -> Figure:
    svg = plots.cost_figure(study.name, short_names(study), heading(study), cost_frame(rows))
    return Figure(
        svg,
        f"Multiply-accumulates of {counted}, by term of the closed form; rest: all other "
        "convolutions and the classifier.",
    )
