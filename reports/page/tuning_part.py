"""What a report says of the tuning of a study."""

from dataclasses import dataclass, replace

from ablations.results.study_result import StudyResult
from ablations.study.run_settings import RunSettings
from ablations.study.train_settings import VALIDATION
from reports.figures.study_figures import Figure
from reports.figures.tuning_curves import tuning_figure
from reports.names.captions import measured_on
from reports.names.level_names import axis_name, heading, series, variant_names, variant_texts
from reports.tables.named_tables import NamedTable, candidates_name, choices_name, one_level_name
from reports.tables.tuning_tables import candidate_table, choice_table, one_level_table
from reports.words.tuning_words import cost_words, edge_words, tuned_names, untuned_words


@dataclass(frozen=True)
class TuningPart:
    """The tuning of one study.

    settings: what was tuned.
    warnings: choices at the edge of the grid.
    words:    on what all variants at one level would have said.
    cost:     of the tuning.
    """

    settings: str
    seeds: int
    warnings: list[str]
    words: list[str]
    cost: str
    figure: Figure | None
    tables: list[NamedTable]


def tuning_part(settings: RunSettings, result: StudyResult) -> TuningPart | None:
    """None where nothing was tuned; settings: of the run."""
    tuning, study = result.tuning, result.study
    if tuning is None or settings.train is None:
        return None
    train = replace(settings.train, split=VALIDATION)
    measured = measured_on(
        replace(settings, seeds=tuning.grid.seeds, train=train), study.variants.values()
    )
    label = variant_names(study).__getitem__
    described = heading(study), variant_texts(study), measured or ""
    tables = [
        NamedTable.of(choices_name(study.name), choice_table(tuning, *described)),
        NamedTable.of(candidates_name(study.name), candidate_table(tuning, *described)),
    ]
    if tuning.own.contrasts:
        one_level = one_level_table(tuning, *described)
        tables.insert(1, NamedTable.of(one_level_name(study.name), one_level))
    return TuningPart(
        settings=tuned_names(tuning),
        seeds=tuning.grid.seeds,
        warnings=edge_words(tuning, label),
        words=untuned_words(tuning, label),
        cost=cost_words(result, tuning),
        figure=_figure(result),
        tables=tables,
    )


def _figure(result: StudyResult) -> Figure | None:
    tuning, study = result.tuning, result.study
    svg = None if tuning is None else tuning_figure(study.name, series(study), tuning)
    if tuning is None or svg is None:
        return None
    first, *others = tuning.grid.levels
    return Figure(
        svg,
        f"Top-1 on the validation split against {axis_name(first)}. A dot is one seed of the "
        "tuning, the line joins their means; the ring is what the variant chose, and a hollow mark "
        "stands where a trial failed.",
        wide=bool(others) or study.crossed,
    )
