"""A study as the report shows it: verdict, table in every format, figures, proof."""

from collections.abc import Sequence
from dataclasses import dataclass

from ablations.costs.proof import Proof
from ablations.results.results import Results
from ablations.results.study_result import StudyResult
from ablations.study.run_settings import RunSettings
from reports.figures.study_figures import Figure, study_figures
from reports.names.captions import counted_on, measured_on, networks_title
from reports.names.level_names import axis_name, level_name, level_text, variant_names
from reports.page.tuning_part import TuningPart, tuning_part
from reports.tables.axis_tables import interaction_table, marginal_tables
from reports.tables.named_tables import NamedTable, average_table, interactions_table
from reports.tables.study_table import study_table
from reports.words.axis_words import factorial_words
from reports.words.front_words import dominance_words
from reports.words.gaps import table_gaps
from reports.words.paper_words import paper_words
from reports.words.second_reading import dunnett_words
from reports.words.tuning_words import choice_words
from reports.words.verdict import Models, Verdict, study_verdict


@dataclass(frozen=True)
class Section:
    """One study of the report.

    labels:  variant -> how it is written.
    table:   a row for each variant. further: averages over axes, and interactions.
    words:   sentences on what was tuned, averages, interactions, the front, the paper's order and
             the second reading, behind the verdict.
    gaps:    what the table lacks, and why.
    tuning:  how its variants' training was chosen; None where it was not.
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
    proofs: Sequence[Proof]
    gaps: list[str]
    source: str
    tuning: TuningPart | None

    @property
    def tables(self) -> list[NamedTable]:
        tuning = [] if self.tuning is None else self.tuning.tables
        return [self.table, *self.further, *tuning]


def build_sections(results: Results) -> list[Section]:
    """Every study of the run, in order."""
    return [_section(results.settings, result) for result in results.studies]


def _section(settings: RunSettings, result: StudyResult) -> Section:
    study, variants = result.study, result.study.variants.values()
    counted, measured = counted_on(settings.cost_model, variants), measured_on(settings, variants)
    names = variant_names(study)
    return Section(
        name=study.name,
        title=study.title,
        labels=names,
        verdict=study_verdict(result, names, _models(settings, result)),
        words=[
            *choice_words(result.tuning, names.__getitem__),
            *factorial_words(result.marginals, result.interactions, level_name, axis_name),
            *dominance_words(result.dominances, names.__getitem__, "MACs"),
            *paper_words(result.paper_shape, names.__getitem__),
            *(dunnett_words(result.dunnett, names.__getitem__) if result.trained else []),
        ],
        table=NamedTable.of(study.name, study_table(result, counted, measured)),
        further=_factorial_tables(result, measured or ""),
        figures=study_figures(settings, result),
        proofs=result.proofs,
        gaps=list(table_gaps(result, names)),
        source=study.source,
        tuning=tuning_part(settings, result),
    )


def _factorial_tables(result: StudyResult, measured: str) -> list[NamedTable]:
    name = result.study.name
    averages = marginal_tables(result.marginals, level_text, axis_name, measured)
    named = [NamedTable.of(average_table(name, axis), found) for axis, found in averages.items()]
    if result.interactions:
        table = interaction_table(result.interactions, level_name, axis_name, measured)
        named.append(NamedTable.of(interactions_table(name), table))
    return named


def _models(settings: RunSettings, result: StudyResult) -> dict[str, Models]:
    train = settings.train
    return {
        found.name: Models(
            networks_title(settings.cost_model, [found.variant]),
            None if train is None else networks_title(train.model, [found.variant]),
        )
        for found in result.variants
    }
