"""A study as the report shows it: verdict, table in every format, figures, proof."""

from collections.abc import Sequence
from dataclasses import dataclass

from ablations.costs.proof import Row, published_in
from ablations.records.run_record import Run
from ablations.results.frames import measured_frame, study_frame
from ablations.results.outcomes import study_contrasts, top1_by_seed
from ablations.statistics.dominance import Dominance, dominances
from ablations.statistics.factorial import Factors, Interaction, Marginal, interactions, marginals
from ablations.study.study import Study
from reports.figures.study_figures import Figure, study_figures
from reports.names.captions import counted_on, measured_on, networks_title
from reports.names.level_names import (
    axis_name,
    level_name,
    level_text,
    variant_names,
)
from reports.tables.axis_tables import factorial_words, interaction_table, marginal_tables
from reports.tables.formats import all_formats
from reports.tables.study_table import Table, study_table
from reports.words.front_words import dominance_words
from reports.words.gaps import table_gaps
from reports.words.verdict import Models, Verdict, study_verdict


@dataclass(frozen=True)
class NamedTable:
    """A table and, by file ending, its text; name: of its files."""

    name: str
    table: Table
    texts: dict[str, str]


@dataclass(frozen=True)
class Section:
    """One study of the report.

    labels:  variant -> how it is written.
    table:   a row for each variant. further: averages over axes, and interactions.
    words:   sentences on averages, interactions and the front, behind the verdict.
    gaps:    what the table lacks, and why.
    source:  the study's file.
    """

    name: str
    title: str
    labels: dict[str, str]
    verdict: Verdict
    words: list[str]
    table: NamedTable
    further: list[NamedTable]
    figures: list[Figure]
    proofs: Sequence[Row]
    gaps: list[str]
    source: str

    @property
    def tables(self) -> list[NamedTable]:
        return [self.table, *self.further]


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
        published_in(rows),
    )
    names = variant_names(study)
    averages, interacting = _factorial(run, study)
    return Section(
        name=study.name,
        title=study.title,
        labels=names,
        verdict=study_verdict(
            names, study.baseline, table, study_contrasts(study, run.records), _models(run, study)
        ),
        words=[
            *factorial_words(averages, interacting, level_name, axis_name),
            *dominance_words(_dominances(run, study), names.__getitem__, "MACs"),
        ],
        table=_named(study.name, table),
        further=_factorial_tables(study, averages, interacting, measured or ""),
        figures=study_figures(run, study),
        proofs=rows,
        gaps=list(table_gaps(names, table)),
        source=study.source,
    )


def _named(name: str, table: Table) -> NamedTable:
    return NamedTable(name, table, all_formats(table))


def _factorial(run: Run, study: Study) -> tuple[list[Marginal], list[Interaction]]:
    """Of a crossed study that was trained; of others there are none. Data sets have no average that
    could be compared with another's.
    """
    if run.settings.train is None:
        return [], []
    factors = Factors(study.axes, study.levels, study.levels[study.baseline])
    tops = top1_by_seed(study, run.records)
    averages = [found for found in marginals(factors, tops) if found.axis != "dataset"]
    return averages, interactions(factors, tops)


def _factorial_tables(
    study: Study, averages: list[Marginal], interacting: list[Interaction], measured: str
) -> list[NamedTable]:
    tables = marginal_tables(averages, level_text, axis_name, measured)
    axes = dict.fromkeys(marginal.axis for marginal in averages)
    named = [
        _named(f"{study.name}-by-{axis}", table) for axis, table in zip(axes, tables, strict=True)
    ]
    if interacting:
        table = interaction_table(interacting, level_name, axis_name, measured)
        named.append(_named(f"{study.name}-interactions", table))
    return named


def _dominances(run: Run, study: Study) -> list[Dominance]:
    """Of the variants trained on the baseline's data set, by the MACs of their networks."""
    measured = measured_frame(study, run.records)
    costs = dict(zip(measured["value"], measured["trained_macs"].astype(float), strict=True))
    tops = top1_by_seed(study, run.records)
    compared = [value for value in study.same_images if value in costs]
    return dominances(costs, {value: tops[value] for value in compared})


def _models(run: Run, study: Study) -> dict[str, Models]:
    train = run.settings.train
    return {
        value: Models(
            networks_title(run.settings.cost_model, [variant]),
            None if train is None else networks_title(train.model, [variant]),
        )
        for value, variant in study.variants.items()
    }
